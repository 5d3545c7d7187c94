/* The network's files that the simulation's broker reads, in several states; one is there at a
 * time.
 *
 *   base        four organisations, the default ladders
 *   loose       the holder's coordinators settle too, dossiers go at once, digests begin at two
 *   leaving     werkse is leaving
 *   slow        a command a second
 *   small       envelopes of 1 KiB at most, and alarms at the second ending in a minute
 *   ladders     ladders of its own: shorter, and one for a route
 *   revoked     werkse/two has no key any more, nor has any endpoint of support
 *   gone        wijk is not on the map
 *   broken      cannot come in force */
#ifndef HOUVAST_TESTS_SIMULATION_NETWORKS_H
#define HOUVAST_TESTS_SIMULATION_NETWORKS_H

#include "broker/network.h"

enum simulated_network {
    NETWORK_BASE,
    NETWORK_LOOSE,
    NETWORK_LEAVING,
    NETWORK_SLOW,
    NETWORK_SMALL,
    NETWORK_LADDERS,
    NETWORK_REVOKED,
    NETWORK_GONE,
    NETWORK_BROKEN,
    NETWORKS,
};
extern const char *const networks_names[NETWORKS];

#define NETWORK_ORGANISATIONS 4 /* kcc coordinates; wijk has endpoints alone */
extern const char *const networks_organisations[NETWORK_ORGANISATIONS];

/* Writes them all below `folder`, once. */
void networks_make(const char *folder);
/* The directory that the broker reads; static. */
const char *networks_directory(void);
/* From now on these files are there. */
void networks_choose(enum simulated_network network);
enum simulated_network networks_chosen(void);
/* How often a phase may be begun anew under these. */
int64_t networks_restarts_max(enum simulated_network network);
/* Whether a key that others have is not on the map there. */
bool networks_revokes(enum simulated_network network, const char *organisation,
                      const char *instance);

/* The public key of an instance of an organisation, or of its use for sealing. */
void networks_key(const char *organisation, const char *use, uint8_t ret_key[NETWORK_KEY_SIZE]);

#endif
