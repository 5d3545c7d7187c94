/* A small network in memory to break in tests, and a folder on disk that goes away again. */
#ifndef HOUVAST_TESTS_NETWORK_SAMPLES_H
#define HOUVAST_TESTS_NETWORK_SAMPLES_H

#include "broker/network.h"

/* Public keys that stand nowhere else; their secrets are nobody's. */
#define KEY_BROKER             "pHbyJF4Zc)cmr:.eB^1e9WkTD]$NLuPMGf{Y)?ZW"
#define KEY_KCC_ENDPOINT       "nB$TBu@d*oXq8W3(O-v/61qAFg)Q=j:6po3=!$=P"
#define KEY_KCC_COORDINATOR    "&l>Ma(bP(yWFnb6}@%OMjV36WaF6.3wlaw8@zKCP"
#define KEY_KCC_SEALING        "wbFmj)@7&:vKiqV9zK+E9.$!JX7${BV=UgbE5+r<"
#define KEY_WERKSE_ENDPOINT    ")o^hN^:f*Fg(?*/4d?pn(yWWJLZd9]VnrJU-%]<A"
#define KEY_WERKSE_COORDINATOR "pmDapHNflIUxRJu>SGo3zLE>1A=18:0$}/e}8xBd"
#define KEY_WERKSE_SEALING     "ReMuZv^e11>?4hFfz5f)+E&L<v[+w13z8K&W+])G"
/* Ed25519, of receipts. */
#define KEY_RECEIPT      "cZbppAp:v*4yyg?uRuI5z@DTPEdRgwllDCwoQlE7"
#define KEY_RECEIPT_NEXT "}e6X8Au$E9}}sV=&ZgcZ:uxDH(AjNfuu0YK:BN%P"
#define KEY_SPARE        "BEx+k1<O8%EWd6iNi?U6-w[EiGe}H2sqEKPh)[xc"

#define SAMPLE_FILES_MAX 8

/* The files of a network, as network_parse takes them. */
struct sample_network {
    struct network_file files[SAMPLE_FILES_MAX];
    size_t count;
};

/* network.conf, organisations/kcc.conf (coordinating) and organisations/werkse.conf, all in order.
 */
void sample_network_init(struct sample_network *sample);
void sample_network_fini(struct sample_network *sample);

/* Gives a file another text, or adds it; NULL takes it out. */
void sample_network_set(struct sample_network *sample, const char *path, const char *text);
/* Puts `put` in the place of the one `find` in that file; fails the test where it is not there. */
void sample_network_replace(struct sample_network *sample, const char *path, const char *find,
                            const char *put);

/* Parses it; the test fails with the sentence where that fails. */
struct network *sample_network_parse(const struct sample_network *sample);

/* A new empty folder for a test, and its end with all that is in it. */
#define SCRATCH_PATH_SIZE 64
void scratch_make(char ret_path[SCRATCH_PATH_SIZE]);
void scratch_remove(const char *path);
/* Writes a file below it, its folders too. */
void scratch_write(const char *folder, const char *path, const char *text);
void sample_network_write(const struct sample_network *sample, const char *folder);

#endif
