/* The example of libhouvast(3): it compiles, it does what the page says, and it is what the page
 * shows. */
#include <setjmp.h>
#include <stdarg.h>

#include "tests/unit/caller.h"

#include <cmocka.h>

/* The example itself; it has headers and a main of its own. */
#define main example_main
static int main(void);
#include "tests/unit/example/libhouvast.c" // NOLINT(bugprone-suspicious-include)
#undef main

#include <string.h>

static void key_to_environment(const char *name, const uint8_t key[HV_KEY_SIZE]) {
    char text[HV_KEY_TEXT_SIZE];
    hv_key_text(key, text);
    setenv(name, text, 1);
}

static void *example_run(void *argument) {
    *(int *)argument = example_main();
    return NULL;
}

/* An item comes, is kept and acknowledged; then the broker takes the key away, and it ends. */
static void test_runs(void **state) {
    (void)state;
    struct fake_broker broker;
    fake_broker_init(&broker);
    setenv("BROKER", broker.endpoint, 1);
    key_to_environment("BROKER_KEY", broker.public_key);
    key_to_environment("PUBLIC_KEY", broker.peer_public_key);
    key_to_environment("SECRET_KEY", broker.peer_secret_key);

    pthread_t example;
    int status = 0;
    assert_int_equal(pthread_create(&example, NULL, example_run, &status), 0);
    struct said hello = fake_broker_expect(&broker, HV_MESSAGE_hello);
    assert_int_equal(hello.message.hello.credit, 1);
    fake_broker_welcome(&broker, &hello);
    fake_broker_item(&broker, &hello, 12, 1, NULL);
    struct said ack = fake_broker_expect(&broker, HV_MESSAGE_ack);
    assert_int_equal(ack.message.ack.item, 12);
    fake_broker_done(&broker, &ack, false);
    fake_broker_refuse(&broker, &ack, false, HV_REFUSED_FORBIDDEN, -1);
    pthread_join(example, NULL);
    assert_int_equal(status, 1);
    said_close(&hello);
    said_close(&ack);
    fake_broker_fini(&broker);
}

static char *file_read(const char *path) {
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    char *text = calloc(1, 65536);
    size_t size = fread(text, 1, 65535, file);
    assert_in_range(size, 1, 65534);
    fclose(file);
    return text;
}

/* The page's source doubles each backslash. */
static void backslashes_undouble(char *text) {
    char *to = text;
    for (const char *from = text; *from; *to++ = *from++)
        if (from[0] == '\\' && from[1] == '\\')
            from++;
    *to = '\0';
}

static void test_is_what_the_page_shows(void **state) {
    (void)state;
    char *example = file_read("tests/unit/example/libhouvast.c");
    char *page = file_read("clients/lib/libhouvast.3.scd");
    backslashes_undouble(page);
    if (!strstr(page, example))
        fail_msg("clients/lib/libhouvast.3.scd does not show tests/unit/example/libhouvast.c");
    free(example);
    free(page);
}

#undef main
int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_is_what_the_page_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
