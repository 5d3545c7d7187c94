/* The end of a run that found something. */
#ifndef HOUVAST_TESTS_SIMULATION_ENDS_H
#define HOUVAST_TESTS_SIMULATION_ENDS_H

/* What must not be: the sentence begins with the guarantee. */
_Noreturn void violation(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
