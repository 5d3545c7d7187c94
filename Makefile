# Houvast's one Makefile: `make help` lists what it can do.
#
# Objects lie under build/obj, mirrored for the sanitizers under build/asan/obj and for clang, which
# only has to compile it all, under build/clang/obj. Sources are found by their folder.

MAKEFLAGS += --no-builtin-rules --no-print-directory
# As many jobs as there are processors, unless the caller says otherwise.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all

# ---- Tools and flags -----------------------------------------------------------------------------

CC     := gcc
AR     := ar
PYTHON := /usr/bin/python3

CPPFLAGS := -I. -Iinclude -Ischemas -D_GNU_SOURCE
CFLAGS   := -O2 -g
LDFLAGS  :=
LDLIBS   := -lzmq -lsodium -lsqlite3 -lmsgpackc -linih -lsystemd -lunistring -ljansson \
            -lsmartcols -lncursesw -ltinfo -lglib-2.0 -pthread

warnings := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes \
            -Wmissing-prototypes -Werror
# clang's -Wconversion takes offence at assert(!"a sentence").
clang_mild := -Wno-string-conversion
# No -DNDEBUG anywhere: asserts stay on in what is released.
language := -std=c17 $(warnings) -pthread
harden   := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection
sanitize := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
hardlink := -Wl,-z,relro,-z,now -Wl,--as-needed

# GLib keeps its headers in places of its own.
glib_flags = $(shell pkg-config --cflags-only-I glib-2.0 | sed 's/-I/-isystem /g')

# ---- What there is -------------------------------------------------------------------------------

# The JSON form of the wire is for the tool alone: daemon and library do without jansson.
json_sources   := $(wildcard schemas/wire/json.c)
wire_sources   := $(filter-out $(json_sources),$(wildcard schemas/wire/*.c))
broker_sources := $(wildcard broker/*.c)
lib_sources    := $(wildcard clients/lib/*.c)
tool_sources   := $(wildcard clients/houvast/*.c) $(json_sources)
unit_sources   := $(wildcard tests/unit/test_*.c)
unit_support   := $(filter-out $(unit_sources),$(wildcard tests/unit/*.c))
fault_sources  := $(wildcard tests/fault/*.c)
bench_sources  := $(wildcard tests/bench/*.c)
reference      := $(wildcard schemas/wire/reference/reference_main.c)
migrations     := $(wildcard schemas/ledger/*.sql)
man_sources    := $(wildcard broker/*.scd clients/houvast/*.scd clients/lib/*.scd)

# Rooms of the broker that the tool has too, to check a network's files and to make keys.
shared_rooms := $(wildcard broker/network.c broker/network_*.c broker/calendar.c \
                broker/calendar_*.c broker/ladder.c broker/failure.c broker/keyfile.c broker/receipt.c)

# The broker's rooms with the migrations compiled in, and every room but the mains, for the tests.
broker_parts := $(broker_sources:.c=.o) $(if $(migrations),gen/ledger_migrations.o)
room_parts   := $(filter-out %/main.o,$(broker_parts) $(wire_sources:.c=.o) $(lib_sources:.c=.o) \
                $(tool_sources:.c=.o))
lib_parts    := $(wire_sources:.c=.o) $(lib_sources:.c=.o)

has_broker := $(wildcard broker/main.c)
has_tool   := $(wildcard clients/houvast/main.c)
has_shared := $(and $(lib_sources),$(wildcard clients/lib/libhouvast.map))
unit_tests := $(unit_sources:tests/unit/%.c=test/unit/%)

# What the fault tests preload into a broker to make it fail.
shims := $(fault_sources:tests/fault/%.c=build/test/%.so)

# What one variant makes, without its folder.
programs := $(if $(has_broker),houvastd) $(if $(has_tool),houvast) \
            $(if $(lib_sources),libhouvast.a) $(if $(reference),wire-reference)
pages    := $(addprefix build/man/,$(notdir $(man_sources:.scd=)))

# ---- For people ----------------------------------------------------------------------------------

.PHONY: all run test unit e2e asan check clean deps help kill faults mutants bench fresh model

all: $(addprefix build/,$(programs)) $(if $(has_shared),build/libhouvast.so.0) $(pages) ## build everything (build/houvastd, build/houvast, libhouvast, man pages)

run: all ## see it work: four partners of Delft, a broker, two handovers (DEMO=once ends by itself)
	@clients/houvast/demo.sh $(DEMO)

test: all tests stage ## run all that proves the software; ends in N passed, N failed, N skipped
	@tests/run_all.py build

unit: unit-tests ## run the unit tests alone
	@tests/run_all.py build unit

e2e: all $(shims) ## run the tests that speak to a real broker from outside, alone
	@tests/run_all.py build e2e

asan: $(addprefix build/asan/,$(programs) $(unit_tests)) $(shims) ## run the tests again under the address and undefined behaviour sanitizers
	@tests/run_all.py build/asan

kill: all $(shims) ## kill the broker 5,000 times in mid-turn (takes long)
	@HOUVAST_KILLS=5000 tests/run_all.py build kill

faults: all $(shims) ## let every write of a day fail in turn, in six ways (takes long)
	@tests/fault/disk_checker.py

model: | packages ## check the promises in every state that the model of the broker can get into
	@tests/model/run.sh build

mutants: all ## plant defects one by one and show which test finds each (MUTANTS=NAME or --all, takes long)
	@tests/mutants/run.py build $(MUTANTS)

bench: all build/test/bench/load ## measure how much a broker carries (BENCH=--help lists what can be chosen)
	@build/test/bench/load build $(BENCH)
	@tests/run_all.py build bench

fresh: ## try both commands on a bare Debian 12 made for it (takes long, needs root)
	@tests/fresh-machine.sh

check: compile-gcc compile-clang tidy format scripts house units ## static checks: both compilers, clang-tidy, format, shellcheck, house rules

deps: ## install what building and testing need, from Debian's packages
	@tests/deps.sh test

clean: ## remove everything that was built
	rm -rf build

help: ## show this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1 /p' Makefile | while read -r target text; do \
	    printf '  make %-12s %s\n' "$$target" "$$text"; done

.PHONY: tests unit-tests
tests: unit-tests $(shims)
unit-tests: $(addprefix build/,$(unit_tests))

# ---- Packages ------------------------------------------------------------------------------------

# Everything that is compiled waits for the packages that the goals need; the script is silent and
# quick when all are there. DEPS=no leaves it out, for machines that are not Debian.
.PHONY: packages
all unit check: | packages
package_set := $(if $(filter-out all run,$(or $(MAKECMDGOALS),all)),test,build)
packages:
ifneq ($(DEPS),no)
	@tests/deps.sh $(package_set)
endif

# ---- Compiling, once per variant -----------------------------------------------------------------

# $(call variant,folder,compiler,compiler flags,linker flags)
define variant
.PHONY: $1/flags-as-they-are
$1/flags-as-they-are: | packages
	@mkdir -p $1
	@{ $2 --version | head -n 1; echo '$(CPPFLAGS) $3 $4 $(LDLIBS)'; } > $1/flags.new
	@if cmp -s $1/flags.new $1/flags; then rm $1/flags.new; else mv $1/flags.new $1/flags; fi
$1/flags: $1/flags-as-they-are ;

$1/obj/%.o: %.c $1/flags
	@mkdir -p $$(@D)
	@echo "  CC    $$@"
	@$2 $(CPPFLAGS) $$(glib) $3 $$(pic) -MMD -MP -c -o $$@ $$<
$1/obj/gen/%.o: build/gen/%.c $1/flags
	@mkdir -p $$(@D)
	@echo "  CC    $$@"
	@$2 $(CPPFLAGS) $3 $$(pic) -Wno-overlength-strings -MMD -MP -c -o $$@ $$<

# Asked for when it is needed: by then the packages are there.
$1/obj/broker/network_zone.o: glib = $$(glib_flags)
# What is also part of the shared library is compiled for it, and shows nothing by itself.
$1/obj/%.o: pic = -fPIE
$(addprefix $1/obj/,$(lib_parts)): pic = -fPIC -fvisibility=hidden
$1/obj/tests/fault/%.o: pic = -fPIC

$1/libhouvast.a: $(addprefix $1/obj/,$(lib_parts))
$1/obj/rooms.a: $(addprefix $1/obj/,$(room_parts))
$1/libhouvast.a $1/obj/rooms.a:
	@echo "  AR    $$@"
	@rm -f $$@ && $(AR) rcs $$@ $$^

$1/houvastd: $(addprefix $1/obj/,$(broker_parts) $(wire_sources:.c=.o))
$1/houvast: $(addprefix $1/obj/,$(tool_sources:.c=.o) $(shared_rooms:.c=.o)) $1/libhouvast.a
$1/wire-reference: $(addprefix $1/obj/,$(reference:.c=.o) $(wire_sources:.c=.o))
$1/houvastd $1/houvast $1/wire-reference:
	@echo "  LINK  $$@"
	@$2 $3 -pie $4 -o $$@ $$^ $(LDLIBS)

$1/test/unit/%: $1/obj/tests/unit/%.o $(addprefix $1/obj/,$(unit_support:.c=.o)) $1/obj/rooms.a
	@mkdir -p $$(@D)
	@echo "  LINK  $$@"
	@$2 $3 -pie $4 -o $$@ $$^ $(LDLIBS) -lcmocka

$1/test/bench/load: $(addprefix $1/obj/,$(bench_sources:.c=.o)) $1/obj/rooms.a
	@mkdir -p $$(@D)
	@echo "  LINK  $$@"
	@$2 $3 -pie $4 -o $$@ $$^ $(LDLIBS)

-include $(patsubst %,$1/obj/%.d,$(basename $(broker_parts) $(lib_parts) $(tool_sources) \
    $(reference) $(unit_sources) $(unit_support) $(fault_sources) $(bench_sources)))
endef

mild        := $(if $(findstring clang,$(CC)),$(clang_mild))
own_flags   := $(CFLAGS) $(language) $(mild) $(harden)
asan_flags  := $(CFLAGS) $(language) $(mild) $(sanitize)
clang_flags := $(CFLAGS) $(language) $(clang_mild) $(harden)

$(eval $(call variant,build,$(CC),$(own_flags),$(hardlink) $(LDFLAGS)))
$(eval $(call variant,build/asan,$(CC),$(asan_flags),$(sanitize) $(LDFLAGS)))
$(eval $(call variant,build/clang,clang,$(clang_flags),$(hardlink) $(LDFLAGS)))

build/libhouvast.so.0: $(addprefix build/obj/,$(lib_parts)) clients/lib/libhouvast.map
	@echo "  LINK  $@"
	@$(CC) $(own_flags) -shared -Wl,-soname,libhouvast.so.0 \
	    -Wl,--version-script=clients/lib/libhouvast.map $(hardlink) -Wl,-z,defs $(LDFLAGS) \
	    -o $@ $(filter %.o,$^) $(LDLIBS)
	@ln -sf libhouvast.so.0 build/libhouvast.so

build/test/%.so: build/obj/tests/fault/%.o
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(CC) $(own_flags) -shared $(hardlink) $(LDFLAGS) -o $@ $<

build/gen/ledger_migrations.c: schemas/ledger/compile-in.sh $(migrations)
	@mkdir -p $(@D)
	@echo "  GEN   $@"
	@$< $(migrations) > $@

vpath %.scd broker clients/houvast clients/lib
build/man/%: %.scd | packages
	@mkdir -p $(@D)
	@echo "  MAN   $@"
	@scdoc < $< > $@

# ---- Installing ----------------------------------------------------------------------------------

# The usual variables, by the GNU standards' names; DESTDIR goes before each.
prefix      ?= /usr/local
exec_prefix ?= $(prefix)
bindir      ?= $(exec_prefix)/bin
sbindir     ?= $(exec_prefix)/sbin
libdir      ?= $(exec_prefix)/lib
includedir  ?= $(prefix)/include
sysconfdir  ?= /etc
datarootdir ?= $(prefix)/share
mandir      ?= $(datarootdir)/man
docdir      ?= $(datarootdir)/doc/houvast
completionsdir ?= $(datarootdir)/bash-completion/completions
# Where systemd looks below any prefix.
systemddir  ?= $(prefix)/lib/systemd
sysusersdir ?= $(prefix)/lib/sysusers.d
tmpfilesdir ?= $(prefix)/lib/tmpfiles.d

version := $(shell sed -n 's/^.define HV_VERSION "\(.*\)"/\1/p' include/houvast/messages.h)

# What is put where, each as MODE:FILE:PLACE; `uninstall` reads the same list.
installed := \
    755:build/houvastd:$(sbindir)/houvastd \
    755:build/houvast:$(bindir)/houvast \
    644:build/libhouvast.so.0:$(libdir)/libhouvast.so.0 \
    644:build/libhouvast.a:$(libdir)/libhouvast.a \
    644:build/install/houvast.pc:$(libdir)/pkgconfig/houvast.pc \
    $(foreach header,$(wildcard include/houvast/*.h),644:$(header):$(includedir)/houvast/$(notdir $(header))) \
    $(foreach name,fields vocabulary,644:schemas/wire/$(name).h:$(includedir)/houvast/wire/$(name).h) \
    $(foreach page,$(pages),644:$(page):$(mandir)/man$(subst .,,$(suffix $(page)))/$(notdir $(page))) \
    644:clients/houvast/completion.bash:$(completionsdir)/houvast \
    644:build/install/houvastd@.service:$(systemddir)/system/houvastd@.service \
    644:systemd/houvast.catalog:$(systemddir)/catalog/houvast.catalog \
    644:systemd/houvast.sysusers:$(sysusersdir)/houvast.conf \
    644:build/install/houvast.tmpfiles:$(tmpfilesdir)/houvast.conf \
    644:README.md:$(docdir)/README.md \
    644:LICENSE:$(docdir)/LICENSE \
    644:schemas/wire/reference.md:$(docdir)/wire.md \
    644:schemas/wire/contract.md:$(docdir)/contract.md \
    644:schemas/wire/receipt.md:$(docdir)/receipt.md \
    644:schemas/wire/messages.schema.json:$(docdir)/messages.schema.json \
    755:clients/houvast/examples/mail.sh:$(docdir)/examples/mail.sh \
    755:clients/houvast/examples/pager.sh:$(docdir)/examples/pager.sh \
    644:clients/houvast/examples/ladder-message.jq:$(docdir)/examples/ladder-message.jq \
    $(foreach file,$(wildcard schemas/networks/delft/*.conf schemas/networks/delft/*/*.conf),\
        644:$(file):$(docdir)/examples/$(file:schemas/networks/%=%))

# Files that name places, with the places of this installation in them.
places := s|@prefix@|$(prefix)|; s|@exec_prefix@|$(exec_prefix)|; s|@libdir@|$(libdir)|; \
          s|@includedir@|$(includedir)|; s|@version@|$(version)|; \
          s|/usr/sbin/|$(sbindir)/|; s|/usr/bin/|$(bindir)/|; s|/etc/houvast|$(sysconfdir)/houvast|
.PHONY: install uninstall placed
placed:
	@mkdir -p build/install
	@sed '$(places)' clients/lib/houvast.pc.in > build/install/houvast.pc
	@sed '$(places)' systemd/houvastd@.service > build/install/houvastd@.service
	@sed '$(places)' systemd/houvast.tmpfiles > build/install/houvast.tmpfiles

install: all placed ## install it (DESTDIR, prefix, sbindir, libdir, mandir, sysconfdir and the like)
	@for row in $(installed); do \
	    mode=$${row%%:*} row=$${row#*:}; \
	    install -D -m "$$mode" "$${row%%:*}" "$(DESTDIR)$${row#*:}" || exit 1; \
	done
	@ln -sf libhouvast.so.0 '$(DESTDIR)$(libdir)/libhouvast.so'
	@[ -n '$(DESTDIR)' ] || echo 'Installed. As root, once: ldconfig; systemd-sysusers;' \
	    'systemd-tmpfiles --create; journalctl --update-catalog; systemctl daemon-reload'

uninstall: ## take away what `make install` with the same variables put there; networks and ledgers stay
	@for row in $(installed); do rm -f "$(DESTDIR)$${row##*:}"; done
	@rm -f '$(DESTDIR)$(libdir)/libhouvast.so'
	@for folder in $(includedir)/houvast/wire $(includedir)/houvast $(docdir)/examples/delft/organisations \
	    $(docdir)/examples/delft/ladders \
	    $(docdir)/examples/delft $(docdir)/examples $(docdir); do \
	    [ ! -d "$(DESTDIR)$$folder" ] || rmdir --ignore-fail-on-non-empty "$(DESTDIR)$$folder"; done

# ---- Supervised: the unit under a real systemd ---------------------------------------------------

.PHONY: test-systemd units stage
stage: all
	@rm -rf build/stage
	@$(MAKE) install DEPS=no DESTDIR=$(CURDIR)/build/stage prefix=/usr

test-systemd: stage ## boot a real systemd, install, start, kill, hang, fill, reload (needs root)
	@tests/systemd/supervised.sh build/stage build/systemd

units: all
	@tests/systemd/check-units.sh build

# ---- The library under ThreadSanitizer -----------------------------------------------------------

tsan_flags := $(CFLAGS) $(language) $(mild) -fsanitize=thread -fno-omit-frame-pointer
# Those that run the library's own threads, and threads of a program beside them.
tsan_tests := call connection example intake talk threads
tsan_tests := $(foreach name,$(tsan_tests),$(wildcard tests/unit/test_$(name).c))

$(eval $(call variant,build/tsan,$(CC),$(tsan_flags),-fsanitize=thread $(LDFLAGS)))

.PHONY: tsan
tsan: $(tsan_tests:tests/unit/%.c=build/tsan/test/unit/%) ## run the library's tests under the thread sanitizer
	@TSAN_OPTIONS=suppressions=$(CURDIR)/tests/unit/tsan.supp tests/run_all.py build/tsan $(tsan_tests)

# ---- Static checks -------------------------------------------------------------------------------

.PHONY: compile-gcc compile-clang tidy format scripts house

all_sources  := $(broker_sources) $(wire_sources) $(lib_sources) $(tool_sources) $(reference) \
                $(unit_sources) $(unit_support) $(fault_sources) $(bench_sources)
formatted    := $(all_sources) $(wildcard broker/*.h schemas/wire/*.h clients/lib/*.h \
                clients/houvast/*.h include/houvast/*.h tests/unit/*.h tests/bench/*.h)

compile-gcc: all unit-tests
compile-clang: $(addprefix build/clang/,$(programs) $(unit_tests))

# An object is made again when anything that it reads has changed; so is what clang-tidy says of it.
tidy: $(patsubst %.c,build/tidy/%.ok,$(all_sources))
build/tidy/%.ok: build/clang/obj/%.o .clang-tidy tests/.clang-tidy
	@mkdir -p $(@D)
	@echo "  TIDY  $*.c"
	@clang-tidy --quiet $*.c -- $(CPPFLAGS) $(glib) $(language) $(clang_mild) 2> $(@D)/$(*F).log \
	    || { cat $(@D)/$(*F).log; exit 1; }
	@touch $@

build/tidy/broker/network_zone.ok: glib = $(glib_flags)

format: | packages
	@clang-format --dry-run -Werror $(formatted)

scripts: | packages
	@git ls-files --cached --others --exclude-standard '*.sh' .ci/run | xargs shellcheck

house: all
	@tests/check-house.sh build

# ---- The wire's schema, and fuzzing ---------------------------------------------------------------

# tests/fuzz/fuzz_NAME.c is one fuzzer. libFuzzer drives it under build/fuzz; the ordinary variants
# have it as a program that runs over tests/fuzz/corpus/NAME once.
fuzzers      := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
fuzz_sources := $(wildcard tests/fuzz/*.c)
fuzz_support := $(addprefix tests/fuzz/,feed.c grammar.c promises.c guarantees.c city.c) \
                $(addprefix tests/unit/,fake_world.c ledger_audit.c network_samples.c wire_samples.c)
wire_extra   := schemas/wire/reference/json_schema_main.c tests/wire/verdicts.c
wire_tested  := $(addprefix test/fuzz/,$(fuzzers)) test/wire/verdicts

fuzz_flags   := -O1 -g $(language) $(clang_mild) $(sanitize)
FUZZ_SECONDS ?= 60

.PHONY: fuzz fuzz-seeds
fuzz: $(addprefix build/fuzz/test/fuzz/,$(if $(TARGET),fuzz_$(TARGET),$(fuzzers))) ## look for inputs that break something (TARGET=decode, network or turn; FUZZ_SECONDS=60 each)
	@tests/fuzz/run.sh build/fuzz $(FUZZ_SECONDS) $(notdir $^)

fuzz-seeds: build/fuzz-seeds ## make inputs to begin fuzzing with, under build/seeds
	@build/fuzz-seeds build/seeds

# $(call wire_and_fuzz,folder,compiler,compiler flags,linker flags,what calls a fuzzer)
define wire_and_fuzz
$1/wire-schema: $(addprefix $1/obj/,schemas/wire/reference/json_schema_main.o $(wire_sources:.c=.o))
$1/test/wire/verdicts: $(addprefix $1/obj/,tests/wire/verdicts.o $(wire_sources:.c=.o))
$1/fuzz-seeds: $(addprefix $1/obj/,tests/fuzz/seeds_main.o fuzz_support.a rooms.a)
$(addprefix $1/test/fuzz/,$(fuzzers)): $1/test/fuzz/%: $1/obj/tests/fuzz/%.o $5 \
    $(addprefix $1/obj/,tests/fuzz/stand_ins.o fuzz_support.a rooms.a)
$1/wire-schema $1/test/wire/verdicts $1/fuzz-seeds $(addprefix $1/test/fuzz/,$(fuzzers)):
	@mkdir -p $$(@D)
	@echo "  LINK  $$@"
	@$2 $3 -pie $4 -o $$@ $$^ $(LDLIBS) -lcmocka

$1/obj/fuzz_support.a: $(addprefix $1/obj/,$(fuzz_support:.c=.o))
	@echo "  AR    $$@"
	@rm -f $$@ && $(AR) rcs $$@ $$^

-include $(patsubst %.c,$1/obj/%.d,$(wire_extra) $(fuzz_sources))
endef

$(eval $(call variant,build/fuzz,clang,$(fuzz_flags) -fsanitize=fuzzer-no-link,$(sanitize)))
$(eval $(call wire_and_fuzz,build,$(CC),$(own_flags),$(hardlink) $(LDFLAGS),build/obj/tests/fuzz/replay.o))
$(eval $(call wire_and_fuzz,build/asan,$(CC),$(asan_flags),$(LDFLAGS),build/asan/obj/tests/fuzz/replay.o))
$(eval $(call wire_and_fuzz,build/fuzz,clang,$(fuzz_flags),-fsanitize=fuzzer))

tests: $(addprefix build/,$(wire_tested))
asan: $(addprefix build/asan/,$(wire_tested))
tidy: $(patsubst %.c,build/tidy/%.ok,$(wire_extra) $(fuzz_sources))
house: build/wire-schema
formatted += $(wire_extra) $(fuzz_sources) $(wildcard tests/fuzz/*.h)

# ---- The simulation -------------------------------------------------------------------------------

simulation_sources := $(wildcard tests/simulation/*.c)
simulation_support := $(addprefix tests/unit/,fake_world.c ledger_audit.c wire_samples.c)
SEEDS      ?= 1000
FIRST_SEED ?= 1

.PHONY: simulate
simulate: build/test/simulation/simulate ## run the broker through years of trouble and check every guarantee (SEEDS=1000, FIRST_SEED=1)
	@$< --seeds $(SEEDS) --first $(FIRST_SEED) --least $$(($(SEEDS) / 100)) $(SIMULATE)

# $(call simulation,folder,compiler,compiler flags,linker flags)
define simulation
$1/test/simulation/simulate: $(addprefix $1/obj/,$(simulation_sources:.c=.o) $(simulation_support:.c=.o) rooms.a)
	@mkdir -p $$(@D)
	@echo "  LINK  $$@"
	@$2 $3 -pie $4 -o $$@ $$^ $(LDLIBS) -lcmocka

-include $(patsubst %.c,$1/obj/%.d,$(simulation_sources))
endef

$(eval $(call simulation,build,$(CC),$(own_flags),$(hardlink) $(LDFLAGS)))
$(eval $(call simulation,build/asan,$(CC),$(asan_flags),$(LDFLAGS)))

tests: build/test/simulation/simulate
asan: build/asan/test/simulation/simulate
tidy: $(patsubst %.c,build/tidy/%.ok,$(simulation_sources))
formatted += $(simulation_sources) $(wildcard tests/simulation/*.h)
-include $(patsubst %.c,build/clang/obj/%.d,$(wire_extra) $(fuzz_sources))
