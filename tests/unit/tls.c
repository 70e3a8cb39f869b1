/* unit/tls.c: the engine as its public interface promises it. The tests stand in tls_choices.c, tls_life.c and tls_words.c;
   what damage does to connections is tested in tests/engine. */
#include "tls.h"

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_suite_group_and_key),
        cmocka_unit_test(every_scheme),
        cmocka_unit_test(equal_suites),
        cmocka_unit_test(extended_master_secret_and_classic),
        cmocka_unit_test(application_protocols),
        cmocka_unit_test(credentials),
        cmocka_unit_test(nothing_in_common),
        cmocka_unit_test(hellos_by_hand),
        cmocka_unit_test(modern_policy),
        cmocka_unit_test(answers_by_hand),
        cmocka_unit_test(grease),
        cmocka_unit_test(any_portions),
        cmocka_unit_test(never_reads_too_much),
        cmocka_unit_test(flights_and_writes),
        cmocka_unit_test(certificates),
        cmocka_unit_test(unauthenticated),
        cmocka_unit_test(question_of_the_hello),
        cmocka_unit_test(question_of_the_verdict),
        cmocka_unit_test(question_left_open),
        cmocka_unit_test(ends),
        cmocka_unit_test(half_close),
        cmocka_unit_test(foreign_protocols),
        cmocka_unit_test(settings),
        cmocka_unit_test(failed_settings),
        cmocka_unit_test(many_protocols),
        cmocka_unit_test(derived_configurations),
        cmocka_unit_test(names_apart),
        cmocka_unit_test(events),
        cmocka_unit_test(master_secrets),
        cmocka_unit_test(events_of_failure),
        cmocka_unit_test(sentences),
        cmocka_unit_test(registry),
        cmocka_unit_test(wrong_calls),
    };
    return cmocka_run_group_tests_name("tls", tests, NULL, NULL);
}
