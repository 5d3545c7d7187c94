/* What operators read: one line per thing that happened, with fields where a journal takes them. */
#define SD_JOURNAL_SUPPRESS_LOCATION /* a line of source code tells an operator nothing */
#include "broker/journal.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#define SENTENCE_SIZE  2048
#define FIELD_SIZE     512
#define FIELDS_MAX     16
#define STDERR_WAIT_MS 100
#define FIXED_FIELDS   3 /* MESSAGE, PRIORITY, MESSAGE_ID */
#define MESSAGE_PREFIX "MESSAGE="
#define STDERR_PREFIX  "houvastd: "
#define ELLIPSIS       "…"

struct journal_row {
    int priority;
    const char *id;
};

#define JOURNAL_ROW(name, priority, id) [JOURNAL_##name] = {priority, id},
static const struct journal_row journal_rows[] = {JOURNAL_ENTRIES(JOURNAL_ROW)};
#undef JOURNAL_ROW

/* systemd names the stream that it gave us as stderr; if stderr is another file now, somebody
 * redirected it and wants to read there. */
static bool journal_is_stderr(void) {
    const char *stream = getenv("JOURNAL_STREAM");
    uintmax_t device, inode;
    struct stat file;

    return stream && sscanf(stream, "%" SCNuMAX ":%" SCNuMAX, &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &file) == 0 && file.st_dev == device && file.st_ino == inode;
}

static int journal_send(const struct journal_row *row, const struct journal_field *fields,
                        char *message) {
    char priority[16], id[64], texts[FIELDS_MAX][FIELD_SIZE];
    struct iovec vector[FIXED_FIELDS + FIELDS_MAX];
    int count = 0;

    snprintf(priority, sizeof priority, "PRIORITY=%d", row->priority);
    snprintf(id, sizeof id, "MESSAGE_ID=%s", row->id);
    vector[count++] = (struct iovec){message, strlen(message)};
    vector[count++] = (struct iovec){priority, strlen(priority)};
    vector[count++] = (struct iovec){id, strlen(id)};

    for (size_t i = 0; fields && fields[i].name; i++) {
        assert(i < FIELDS_MAX);
        snprintf(texts[i], sizeof texts[i], "%s=%s", fields[i].name, fields[i].value);
        vector[count++] = (struct iovec){texts[i], strlen(texts[i])};
    }

    return sd_journal_sendv(vector, count);
}

/* One write of less than PIPE_BUF, and only when it would not block: a reader of our stderr that
 * sleeps must not put the whole city to sleep. */
static void stderr_say(const char *sentence) {
    char line[sizeof STDERR_PREFIX + SENTENCE_SIZE + 1];
    struct pollfd output = {.fd = STDERR_FILENO, .events = POLLOUT};

    int length = snprintf(line, sizeof line, STDERR_PREFIX "%s\n", sentence);
    assert(length > 0 && (size_t)length < sizeof line);

    if (poll(&output, 1, STDERR_WAIT_MS) == 1 && (output.revents & POLLOUT)) {
        ssize_t written = write(STDERR_FILENO, line, (size_t)length);
        (void)written; /* there is nowhere to complain to */
    }
}

/* Ends a sentence that did not fit with an ellipsis, between two characters of UTF-8. */
static void sentence_cut(char *sentence) {
    size_t at = SENTENCE_SIZE - sizeof ELLIPSIS;

    while (at > 0 && ((unsigned char)sentence[at] & 0xc0) == 0x80)
        at--;
    strcpy(sentence + at, ELLIPSIS);
}

/* One entry is one line, whatever file name or text an operator put into it. */
static void sentence_flatten(char *sentence) {
    for (char *c = sentence; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
}

void journal_say(enum journal_entry entry, const struct journal_field *fields, const char *format,
                 ...) {
    char message[sizeof MESSAGE_PREFIX + SENTENCE_SIZE] = MESSAGE_PREFIX;
    char *sentence = message + strlen(MESSAGE_PREFIX);
    int saved_errno = errno;
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(sentence, SENTENCE_SIZE, format, arguments);
    va_end(arguments);
    if (length >= SENTENCE_SIZE)
        sentence_cut(sentence);
    sentence_flatten(sentence);

    if (!journal_is_stderr() || journal_send(&journal_rows[entry], fields, message) < 0)
        stderr_say(sentence);
    errno = saved_errno;
}
