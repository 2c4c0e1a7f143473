/* Runs the tests, each with a node of its own, and says of each whether it passed. */
#include "../src/arena.h"
#include "node.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST_TESTS 1024

static struct test {
    const char *name;
    void (*run)(void);
} tests[MOST_TESTS];
static size_t registered;
static jmp_buf after_failure;

void koi_register(const char *name, void (*test)(void))
{
    if (registered == MOST_TESTS) {
        fprintf(stderr, "there are more than %d tests\n", MOST_TESTS);
        exit(2);
    }
    tests[registered++] = (struct test){name, test};
}

static void fail(const char *file, int line, koi_text what)
{
    fprintf(stderr, "%s:%d: %.*s\n", file, line, (int)what.size, what.data);
    longjmp(after_failure, 1);
}

void koi_check(bool holds, const char *condition, const char *file, int line)
{
    if (!holds)
        fail(file, line, koi_format("it does not hold that {}", koi_text_of(condition)));
}

void koi_check_text(koi_text actual, const char *expected, const char *file, int line)
{
    if (!koi_equal(actual, koi_text_of(expected)))
        fail(file, line, koi_format("expected\n  {}\nfound\n  {}", koi_text_of(expected), actual));
}

void koi_check_result(koi_result result, const char *message, const char *file, int line)
{
    koi_text expected = message == NULL ? KOI_TEXT("that it goes well") : koi_text_of(message);
    if (result == KOI_OK && message != NULL)
        fail(file, line, koi_format("expected\n  {}\nand it went well", expected));
    if (result != KOI_OK && (message == NULL || !koi_equal(result->message, koi_text_of(message))))
        fail(file, line, koi_format("expected\n  {}\nfound\n  {}", expected, result->message));
}

/* Not in a function with variables that a longjmp would lose. */
static bool passes(void (*test)(void))
{
    if (setjmp(after_failure) != 0)
        return false;
    koi_arena_reset();
    koi_node = (node){0};
    test();
    return true;
}

int main(void)
{
    size_t failed = 0;
    for (size_t at = 0; at < registered; at++) {
        bool passed = passes(tests[at].run);
        printf("%s %s\n", passed ? "ok    " : "FAILED", tests[at].name);
        failed += !passed;
    }
    printf("%zu passed, %zu failed\n", registered - failed, failed);
    return failed == 0 && registered > 0 ? 0 : 1;
}
