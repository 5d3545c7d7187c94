/* houvast.pml: the broker's promises, tried in every order in which things can happen.
 *
 * This is a model, written in Promela for the checker `spin`. It is no part of the software. It says
 * in three pages what the broker does with one journey, and `make model` then visits EVERY state it
 * can get into, not a sample of them, and checks the promises in each. Where one is broken, spin
 * prints the shortest way there.
 *
 * Reading Promela when one knows C
 *
 *   proctype           a process. Between two of its steps any other process may take steps.
 *   if :: a :: b fi    takes any branch whose first statement can be executed, and ALL are tried, each
 *                      in a history of its own; `else` when no other can. Where none can, it waits.
 *   do :: … od         the same, again and again, until `break` or `goto`.
 *   a -> b             the same as a; b. An expression as a statement waits until it is true.
 *   atomic { }         one step: no other process comes between, and nothing crashes inside.
 *   (c -> x : y)       is C's c ? x : y.
 *   chan, c!x, c?x     a queue, putting into it, taking out of it.
 *   inline             a macro with the looks of a function.
 *   assert             what has to be true in every history.
 *
 * What is modelled
 *
 *   The ledger twice, as the broker sees it (`mem`: the transaction that it has under its hands) and
 *   as the disk has it (`disk`). A turn takes what came in, writes it to `mem`, syncs `mem` to `disk`,
 *   and answers then. The power may fail between any two of these; what was written and not synced
 *   may then be gone, or may be there all the same.
 *
 *   Organisation A, which opens the journey, organisation B, and the network's coordinator K. Each
 *   may say anything, in any order, at any time, and again: so what is lost on the way (never said),
 *   doubled, late, overtaken, or asked again because no answer came, is all in here, and so is what
 *   nobody in their senses says. An organisation may lose its key, and is silent from then on.
 *
 *   Two handovers, FIRST from A to B, and SECOND: a second attempt from A to B, or back from B to A.
 *   A command is known by its content: (which handover or the journey, which verb, whose).
 *
 *   Timers without numbers: while a timer is armed, it may fall due at any time, and some time does.
 *   A ladder has three steps; the last reaches K, and repeats.
 *
 *   Backup and restore, where RESTORE is defined: one backup between two turns, and after some crash
 *   the disk is not what it was but that backup, under a new ledger id. Peers see the new id and ask
 *   again; that they may do at any time anyway.
 *
 * What is promised, by the names of README.md
 *
 *   H1  a journey that is not closed has exactly one holder
 *   H2  the holding organisation changes in the receiver's `confirm`, and in nothing else
 *   H3  it is closed only by a closing that names a person; where it was not talked through with the
 *       resident, a second person agreed to it
 *   D1  what was answered `done` is in the ledger after any crash
 *   D2  a command has its effect once, however often it is said; said again it is answered `repeated`
 *       (or, once the handover is over, that it is over)
 *   T1  a journey that is not closed has an armed timer; if the broker stops crashing, the ladder
 *       rings again and again, and its last step is heard by K, whoever has lost a key: the formulas
 *       RINGS and HEARD at the end
 *
 *   D1 and D2 are about every command. Instead of remembering all of them, each history picks one at
 *   its beginning (`watched`) and remembers that one: what holds whichever was picked, holds for all.
 *
 * What is left out: reassign, introduce (so all handovers are cold), supplements and dossiers,
 * reopening, `deceased` and `entered-in-error`, check-ins and waiting lists, other peers' views (P1)
 * and the chain of hashes (A1). Ladders that run side by side are one here.
 *
 * tests/model/run.sh has the list of what is checked: this model as it stands, and broken ones, each
 * with a mistake that somebody could make (the words in #ifdef). The checker has to find every one.
 * By hand:
 *
 *   spin -a -DNO_DEDUP houvast.pml && gcc -O2 -DBFS -o pan pan.c && ./pan; spin -t -DNO_DEDUP houvast.pml
 */

/* ---- Words ---------------------------------------------------------------------------------- */

#define A 0 /* the organisation that opens the journey */
#define B 1 /* another */
#define K 2 /* the network's coordinator */

mtype = { NONE, OPEN, CLOSING, CLOSED };                                   /* a journey */
mtype = { OFFERED, DELIVERED, PICKED_UP, CONFIRMED, DECLINED, WITHDRAWN }; /* a handover, or NONE */
mtype = { done, repeated, refused };                                       /* an answer */

/* What a command is about: a handover or the journey. */
#define FIRST 0
#define SECOND 1
#define JOURNEY 2

/* The verbs, as bits, so that a set of commands about one thing is one number. */
#define OFFER 1
#define DELIVER 2        /* the receiver's system acknowledges the item `offered` */
#define PICK_UP 4
#define CONFIRM 8
#define DECLINE 16
#define WITHDRAW 32
#define CONTEST 64       /* the earlier holder: "the resident is not there" */
#define IN_TOUCH 128     /* the holder notes contact: ends what was contested. Of A; the next is B's */
#define DECLINE_FOR 512  /* K, for a receiver that has no key */
#define WITHDRAW_FOR 1024 /* K, for a holder that has no key */
/* And those of the journey; of the two closings, the next bit is B's. */
#define FIRST_CONTACT 1  /* the command `open` */
#define CLOSE 2          /* talked through with the resident */
#define CLOSE_UNTALKED 8 /* not: has to be settled */
#define SETTLE_AGREE 32
#define SETTLE_AGAINST 64
#define SETTLE_OWN 128   /* the person who closed agrees with themselves */

/* ---- The ledger ----------------------------------------------------------------------------- */

typedef Ledger {
    mtype journey;
    byte holders;     /* a set of organisations, as bits: that it has one member is for H1 to say */
    mtype handover[2];
    short journal[3]; /* of each thing, the commands that took effect: how a repeat is known */
    bool contested;
    bool late[2];     /* a confirmation came after the withdrawal, and was recorded */
    byte closed_by;   /* a person: A, B and K have one each, numbered from 1 */
    byte agreed_by;
    bool talked;
    bool armed;       /* the journey's timer */
    byte step;        /* of the ladder: the last one that rang */
    bool owed;        /* an item of the ladder waits in K's inbox */
    short effects[3]  /* what changed something: the journal once more, kept by other hands, for D2 */
};
#define MEM 0
#define DISK 1
#define BACKUP 2
#define EMPTY 3
Ledger ledger[4];
#define mem ledger[MEM]
#define disk ledger[DISK]
#define LAST 3 /* step of the ladder: the network's coordinator */

inline copy(to, from) {
    d_step {
        ledger[to].journey = ledger[from].journey;
        ledger[to].holders = ledger[from].holders;
        ledger[to].handover[0] = ledger[from].handover[0];
        ledger[to].handover[1] = ledger[from].handover[1];
        ledger[to].journal[0] = ledger[from].journal[0];
        ledger[to].journal[1] = ledger[from].journal[1];
        ledger[to].journal[2] = ledger[from].journal[2];
        ledger[to].contested = ledger[from].contested;
        ledger[to].late[0] = ledger[from].late[0];
        ledger[to].late[1] = ledger[from].late[1];
        ledger[to].closed_by = ledger[from].closed_by;
        ledger[to].agreed_by = ledger[from].agreed_by;
        ledger[to].talked = ledger[from].talked;
#ifdef TIMER_IN_MEMORY
        ledger[to].armed = ledger[from].armed && to != MEM; /* nobody arms it again at the start */
#else
        ledger[to].armed = ledger[from].armed;
#endif
        ledger[to].step = ledger[from].step;
        ledger[to].owed = ledger[from].owed;
        ledger[to].effects[0] = ledger[from].effects[0];
        ledger[to].effects[1] = ledger[from].effects[1];
        ledger[to].effects[2] = ledger[from].effects[2]
    }
}

/* ---- Everything else ------------------------------------------------------------------------- */

chan wire = [0] of { byte, byte, short }; /* who says it, about what, the verb */
bool key[3];                              /* who can speak */
byte sender[2], receiver[2];              /* of each handover */
bool ready;                               /* the broker takes what comes */
bool due;                                 /* the timer fell due */
bool acked;                               /* K heard of the ladder's item, and acknowledges it */
bool backed_up, restored;
bool crashed, rang, ringing;              /* what the last turn brought, for T1 alone */

/* A promise that was given: commands that were answered `done` or `repeated`. No crash and no restore
 * takes it back. `telling` are those of the turn under way: answers that wait for the sync. */
short told[3], telling[3];
#define told_anything (told[0] != 0 || told[1] != 0 || told[2] != 0)

/* Which answers are remembered. For D1: any one, never a second. */
#if defined(OUTSIDE_H1)
#define remember(about, verb) (about == FIRST && (verb & (CONFIRM | WITHDRAW)) != 0)
#elif defined(OUTSIDE_T1)
#define remember(about, verb) (about == JOURNEY && verb == FIRST_CONTACT)
#elif defined(REMEMBER_NOTHING)
#define remember(about, verb) false
#else
#define remember(about, verb) (!told_anything)
#endif

#define person(who) (1 + (who))
#define holds(who) (mem.holders == (1 << (who)))
#define is_open(l) (l.journey == OPEN || l.journey == CLOSING)
#define underway(h) \
    (mem.handover[h] == OFFERED || mem.handover[h] == DELIVERED || mem.handover[h] == PICKED_UP)
#define over(h) (mem.handover[h] != NONE && !underway(h))

/* ---- The promises ---------------------------------------------------------------------------- */

/* An assertion that fails is reported by the name in it: "assertion violated H1". */
bit H1, H2, H3, D1, D2, T1, OUTSIDE; /* 0, for ever */
#define promise(name, keeps) \
    if \
    :: (keeps) \
    :: else -> printf(#name); printf(" is broken here.\n"); assert(name) \
    fi

/* After every change. */
inline ledger_keeps_its_promises() {
    promise(H1, !is_open(mem) || holds(A) || holds(B));
    promise(H3, mem.journey != CLOSED || (mem.closed_by != 0 &&
        (mem.talked || (mem.agreed_by != 0 && mem.agreed_by != mem.closed_by))));
    promise(T1, !is_open(mem) || mem.armed)
}

#define all_in_ledger(about) ((told[about] & ~disk.journal[about]) == 0)
#define at_most_one_of(set) (((set) & ((set) - 1)) == 0)

/* After every answer and every start. What restore breaks is asked for by name alone, and expected. */
inline the_world_was_told_the_truth() {
#if defined(OUTSIDE_D1)
    promise(OUTSIDE, all_in_ledger(FIRST) && all_in_ledger(SECOND) && all_in_ledger(JOURNEY))
#elif defined(OUTSIDE_H1)
    /* Never have both sides of one handover been told that they hold now. */
    promise(OUTSIDE, at_most_one_of(told[FIRST]))
#elif defined(OUTSIDE_T1)
    /* A journey that the broker was told of, and that nobody will tell it of again, is known to it. */
    promise(OUTSIDE, told[JOURNEY] == 0 || key[A] || disk.journey != NONE)
#else
    promise(D1, restored || (all_in_ledger(FIRST) && all_in_ledger(SECOND) && all_in_ledger(JOURNEY)))
#endif
}

/* ---- Deciding ---------------------------------------------------------------------------------- */

/* Arms the journey's timer for what it waits for now; some ladders begin with their last step. */
inline arm() {
    mem.armed = true;
    mem.step = (mem.contested || mem.journey == CLOSING -> LAST - 1 : 0);
    due = false
}

inline end_handover(how) {
    mem.handover[about] = how;
#ifdef TIMER_FORGOTTEN_ON_DECLINE
    if
    :: how == DECLINED -> mem.armed = false
    :: else -> arm()
    fi
#else
    arm()
#endif
}

inline begin_contest() {
    mem.contested = true;
    arm()
}

inline let_go(closer, with_resident) {
    mem.journey = CLOSED;
    mem.closed_by = closer;
    mem.talked = with_resident;
    mem.contested = false;
    mem.armed = false;
    mem.step = 0;
    due = false
}

/* Each branch is a row of the table of states: who, in what state, and what comes of it. */
inline decide_on_handover() {
    answer = done;
    if
    :: verb == OFFER && holds(who) && mem.journey == OPEN &&
            mem.handover[about] == NONE && !underway(1 - about) &&
            (about == FIRST || mem.handover[FIRST] != NONE) ->
        mem.handover[about] = OFFERED;
#ifdef LET_GO_AT_OFFER
        mem.holders = 0;
#endif
        arm()
    :: verb == DELIVER && mem.handover[about] != NONE ->
        mem.handover[about] = (mem.handover[about] == OFFERED -> DELIVERED : mem.handover[about])
    :: verb == PICK_UP && underway(about) ->
        mem.handover[about] = PICKED_UP;
#ifdef HOLDER_MOVED_AT_PICK_UP
        mem.holders = 1 << who;
#endif
        arm()
    :: verb == CONFIRM && underway(about) ->
        mem.holders = 1 << who;
        mem.contested = false;
        end_handover(CONFIRMED)
    :: verb == CONFIRM && mem.handover[about] == WITHDRAWN ->
        /* Too late: A holds, and B says that the resident came. K has to look, once. */
        answer = refused;
        if
        :: !mem.late[about] && is_open(mem) -> mem.late[about] = true; begin_contest()
        :: else
        fi
    :: verb == DECLINE && underway(about) -> end_handover(DECLINED)
    :: verb == WITHDRAW && underway(about) -> end_handover(WITHDRAWN)
    :: verb == DECLINE_FOR && who == K && !key[receiver[about]] && underway(about) ->
        end_handover(DECLINED)
    :: verb == WITHDRAW_FOR && who == K && !key[sender[about]] && underway(about) ->
        end_handover(WITHDRAWN)
    :: verb == CONTEST && mem.handover[about] == CONFIRMED &&
            holds(receiver[about]) && is_open(mem) ->
        begin_contest() /* the hold stays where it is */
    :: verb == IN_TOUCH << who && holds(who) && mem.contested && is_open(mem) && over(about) ->
        mem.contested = false;
        arm()
    :: else -> answer = refused
    fi
}

#define none_underway (!underway(FIRST) && !underway(SECOND))

inline decide_on_journey() {
    answer = done;
    if
    :: verb == FIRST_CONTACT && mem.journey == NONE ->
        mem.journey = OPEN;
        mem.holders = 1 << who;
        arm()
    :: verb == CLOSE << who && holds(who) && is_open(mem) && none_underway ->
        let_go(person(who), true)
    :: verb == CLOSE_UNTALKED << who && holds(who) && mem.journey == OPEN && none_underway ->
        mem.journey = CLOSING; /* and goes on being held */
        mem.closed_by = person(who);
        arm()
    :: verb == SETTLE_AGREE && who == K && mem.journey == CLOSING ->
        mem.agreed_by = person(who);
        let_go(mem.closed_by, false)
#ifdef SETTLED_BY_THE_CLOSER
    :: verb == SETTLE_OWN && holds(who) && mem.journey == CLOSING ->
        mem.agreed_by = person(who);
        let_go(mem.closed_by, false)
#endif
    :: verb == SETTLE_AGAINST && who == K && mem.journey == CLOSING ->
        mem.journey = OPEN;
        mem.closed_by = 0;
        arm()
    :: else -> answer = refused
    fi
}

/* Whose command it is: of everybody else it is refused, before anything else is looked at. */
#define of_sender ((verb & (OFFER | WITHDRAW | CONTEST)) != 0)
#define of_receiver ((verb & (DELIVER | PICK_UP | CONFIRM | DECLINE)) != 0)
#define entitled \
    (about == JOURNEY -> verb != FIRST_CONTACT || who == A : \
        (!of_sender || who == sender[about]) && (!of_receiver || who == receiver[about]))

/* It took effect before. And it is answered so, but for a pick-up of what is over: who says that
 * again has to learn that it is over. */
#define took_effect ((mem.journal[about] & verb) != 0)
#define had_effect ((mem.effects[about] & verb) != 0)
#define too_late (about != JOURNEY && verb == PICK_UP && over(about))

inline decide_anew() {
    if
    :: about == JOURNEY -> decide_on_journey()
    :: else -> decide_on_handover()
    fi;
    if
    :: answer == done ->
        promise(D2, !had_effect);
        mem.effects[about] = mem.effects[about] | verb;
        mem.journal[about] = mem.journal[about] | verb
    :: else ->
        promise(D2, !had_effect || too_late)
    fi
}

inline decide() {
    held_before = mem.holders;
    if
    :: !entitled -> answer = refused
#ifdef NO_DEDUP
    :: entitled -> decide_anew()
#else
    :: entitled && took_effect -> answer = (too_late -> refused : repeated)
    :: entitled && !took_effect -> decide_anew()
#endif
    fi;
    /* Where nobody held, or nobody holds, it is for H1 to say. */
    promise(H2, mem.holders == held_before || held_before == 0 || mem.holders == 0 ||
        (about != JOURNEY && verb == CONFIRM && who == receiver[about]));
    if
    :: answer != refused && remember(about, verb) -> telling[about] = telling[about] | verb
    :: true /* or this answer is not the one */
    fi;
    printf("       %e\n", answer)
}

/* The timer is due: the next step of the ladder, and the last one again and again. No step does
 * anything but tell somebody. */
inline ring() {
    due = false;
    if
    :: is_open(mem) && mem.armed ->
        mem.step = (mem.step < LAST -> mem.step + 1 : LAST);
        printf("Time:  step %d of the ladder\n", mem.step);
#ifdef RINGS
        rang = true;
#endif
        if
        :: mem.step == LAST ->
            mem.owed = true;
#ifdef LADDER_ENDS
            mem.armed = false;
#endif
#ifdef LADDER_CLOSES
            mem.journey = CLOSED;
            mem.armed = false;
#endif
        :: else
        fi
    :: else
    fi
}

/* ---- The broker -------------------------------------------------------------------------------- */

inline sync() {
    copy(DISK, MEM)
}

/* Answers and items go out. */
inline release() {
    told[0] = told[0] | telling[0];
    told[1] = told[1] | telling[1];
    told[2] = told[2] | telling[2];
    ringing = rang;
    forget_turn()
}

inline forget_turn() {
    telling[0] = 0;
    telling[1] = 0;
    telling[2] = 0;
    rang = false
}

inline power_fails() {
    if
    :: printf("Power fails; what was not synced is gone\n")
    :: copy(DISK, MEM); printf("Power fails; what was not synced is there all the same\n")
#ifdef RESTORE
    :: backed_up && !restored ->
        copy(DISK, BACKUP);
        copy(BACKUP, EMPTY);
        restored = true;
        printf("The disk is lost: the backup is restored, under a new ledger id\n")
#endif
    fi;
    forget_turn();
    ringing = false;
    due = false;
    acked = false;
    ready = false;
    crashed = true
}

#ifdef ANSWER_BEFORE_SYNC
#define FIRST_STEP release
#define SECOND_STEP sync
#else
#define FIRST_STEP sync
#define SECOND_STEP release
#endif

#ifndef BATCH
#define BATCH 1 /* commands in one turn, at most */
#endif
#define urgent (due || acked) /* goes before what anybody says */

inline one_more() {
    taken++;
    ready = (taken < BATCH);
    ringing = false
}

proctype Broker() {
    byte who, about, taken, held_before;
    short verb;
    mtype answer;

start:
    atomic {
        copy(MEM, DISK);
        ledger_keeps_its_promises();
        the_world_was_told_the_truth();
        crashed = false;
        ready = true
    }
turn:
    do
    :: atomic {
        due && taken < BATCH ->
        one_more();
        ring();
        ledger_keeps_its_promises()
    }
    :: atomic {
        acked && taken < BATCH ->
        one_more();
        acked = false;
        mem.owed = false
    }
    :: atomic {
        wire?who, about, verb ->
        one_more();
        decide();
        ledger_keeps_its_promises();
        who = 0;
        about = 0;
        verb = 0;
        held_before = 0;
        answer = 0
    }
#ifdef RESTORE
    :: atomic {
        taken == 0 && !urgent && !backed_up ->
        copy(BACKUP, DISK);
        backed_up = true;
        printf("A backup is made\n")
    }
#endif
    :: atomic { power_fails(); taken = 0; goto start }
    :: atomic { taken > 0 -> taken = 0; ready = false; FIRST_STEP(); break }
    od;
    if
    :: atomic { SECOND_STEP(); the_world_was_told_the_truth(); ready = true; goto turn }
    :: atomic { power_fails(); goto start }
    fi
}

/* ---- Everybody else ---------------------------------------------------------------------------- */

/* To say and to be heard is one step, when the broker is ready. */
#define says(verb, about) \
    atomic { \
        key[me] && ready && !urgent -> \
        printf("%c says ", 'A' + me); printf(#verb); printf(", "); printf(#about); printf("\n"); \
        wire!me, about, verb \
    }

proctype Organisation(byte me) {
end:
    do
    :: says(OFFER, FIRST)
    :: says(DELIVER, FIRST)
    :: says(PICK_UP, FIRST)
    :: says(CONFIRM, FIRST)
    :: says(DECLINE, FIRST)
    :: says(WITHDRAW, FIRST)
    :: says(CONTEST, FIRST)
    :: says(IN_TOUCH << me, FIRST)
#ifndef ONE_HANDOVER
    :: says(OFFER, SECOND)
    :: says(DELIVER, SECOND)
    :: says(PICK_UP, SECOND)
    :: says(CONFIRM, SECOND)
    :: says(DECLINE, SECOND)
    :: says(WITHDRAW, SECOND)
    :: says(CONTEST, SECOND)
    :: says(IN_TOUCH << me, SECOND)
#endif
    :: says(FIRST_CONTACT, JOURNEY)
    :: says(CLOSE << me, JOURNEY)
    :: says(CLOSE_UNTALKED << me, JOURNEY)
    :: says(SETTLE_OWN, JOURNEY)
    od
}

proctype Coordinator() {
    byte me = K;
end:
    do
    :: says(CONFIRM, FIRST) /* which no coordinator may, for whomever */
    :: says(DECLINE_FOR, FIRST)
    :: says(WITHDRAW_FOR, FIRST)
#ifndef ONE_HANDOVER
    :: says(DECLINE_FOR, SECOND)
    :: says(WITHDRAW_FOR, SECOND)
#endif
    :: says(SETTLE_AGREE, JOURNEY)
    :: says(SETTLE_AGAINST, JOURNEY)
    od
}

/* K's inbox: what is owed, is owed until K acknowledges. */
proctype Inbox() {
end:
    do
    :: atomic { disk.owed && mem.owed && !acked -> acked = true; printf("K hears of it\n") }
    od
}

proctype Clock() {
end:
    do
    :: atomic { mem.armed && !due -> due = true }
    od
}

proctype Misfortune() {
end:
    do
#ifndef KEYS_KEPT
    :: atomic { key[A] -> key[A] = false; printf("A loses its key\n") }
    :: atomic { key[B] -> key[B] = false; printf("B loses its key\n") }
#endif
    :: false
    od
}

inline empty_ledger(which) {
    ledger[which].journey = NONE;
    ledger[which].handover[0] = NONE;
    ledger[which].handover[1] = NONE
}

/* Picks what differs from history to history, and starts everybody. */
init {
    atomic {
        key[A] = true;
        key[B] = true;
        key[K] = true;
        empty_ledger(MEM);
        empty_ledger(DISK);
        empty_ledger(BACKUP);
        empty_ledger(EMPTY);
        sender[FIRST] = A;
        receiver[FIRST] = B;
#ifdef ONE_HANDOVER
        sender[SECOND] = B;
        receiver[SECOND] = A;
#else
        if
        :: sender[SECOND] = A; receiver[SECOND] = B
        :: sender[SECOND] = B; receiver[SECOND] = A
        fi;
#endif
        run Broker();
        run Organisation(A);
        run Organisation(B);
        run Coordinator();
        run Inbox();
        run Clock();
        run Misfortune()
    }
}

/* ---- T1, over time ----------------------------------------------------------------------------- */

/* []<> is "again and again, for ever". A history in which the broker crashes for ever, or in which
 * the journey is not open again and again, owes nothing; in every other one the bell has to ring. */
#define excused (crashed || !is_open(disk))

#ifdef RINGS
ltl rings { []<> (excused || ringing) }
#endif
#ifdef HEARD
ltl heard { []<> (excused || acked) }
#endif
