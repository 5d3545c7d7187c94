/* The public header, as users compile it: C17 and C++17, without the flags of this project. */
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* The exit status of the compiler, or 127 where there is none. */
static int compile(const char *compiler, const char *language, const char *standard) {
    const char *const arguments[] = {compiler,
                                     "-x",
                                     language,
                                     standard,
                                     "-Wall",
                                     "-Wextra",
                                     "-Wpedantic",
                                     "-Werror",
                                     "-Iinclude",
                                     "-Ischemas",
                                     "-fsyntax-only",
                                     "-include",
                                     "include/houvast/houvast.h",
                                     "/dev/null",
                                     NULL};
    pid_t pid;
    int status;
    if (posix_spawnp(&pid, compiler, NULL, NULL, (char *const *)(uintptr_t)arguments, environ) != 0)
        return 127;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

static void compiles(const char *compiler, const char *language, const char *standard) {
    int status = compile(compiler, language, standard);
    if (status == 127)
        skip();
    assert_int_equal(status, 0);
}

static void test_c(void **state) {
    (void)state;
    compiles("gcc", "c", "-std=c17");
}

static void test_cpp(void **state) {
    (void)state;
    compiles("clang++", "c++", "-std=c++17");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_c),
        cmocka_unit_test(test_cpp),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
