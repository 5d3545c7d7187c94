/* Prints what is handed over to an organisation, item by item, and acknowledges it. */
#include <stdio.h>
#include <stdlib.h>

#include <houvast/houvast.h>

static int key_from_environment(const char *name, uint8_t ret_key[HV_KEY_SIZE]) {
    const char *text = getenv(name);
    return text ? hv_key_parse(text, ret_key) : HV_BAD_KEY;
}

/* Keeps the item where it survives a crash; here, on paper. 0 or -1. */
static int item_keep(const struct hv_item *item) {
    char handover[HV_UUID_TEXT_SIZE] = "-";
    if (item->event.has_handover)
        hv_uuid_text(&item->event.handover, handover);
    printf("%s %s\n", hv_event_name_text(item->event.event), handover);
    return fflush(stdout) == 0 ? 0 : -1;
}

int main(void) {
    struct hv_config config = {
        .endpoint = getenv("BROKER"),
        .role = HV_ROLE_ENDPOINT,
        .credit = 1,
    };
    if (key_from_environment("BROKER_KEY", config.broker_public_key) < 0 ||
        key_from_environment("PUBLIC_KEY", config.public_key) < 0 ||
        key_from_environment("SECRET_KEY", config.secret_key) < 0) {
        fprintf(stderr, "BROKER_KEY, PUBLIC_KEY and SECRET_KEY must be keys\n");
        return 1;
    }

    char why[256];
    struct hv_connection *connection;
    if (hv_connect(&config, &connection, why) < 0) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }

    struct hv_delivery delivery;
    int result;
    while ((result = hv_take(connection, -1, &delivery)) == 0) {
        int64_t item = delivery.item.item;
        if (item_keep(&delivery.item) == 0)
            result = hv_ack(connection, item, NULL); /* a lost one: the item comes again */
        else
            result = hv_nack(connection, item, 10000); /* again in ten seconds */
        if (result < 0)
            fprintf(stderr, "item %lld: %s\n", (long long)item, hv_result_text(result));
        hv_delivery_free(&delivery);
    }

    hv_link_get(connection, why);
    fprintf(stderr, "%s: %s\n", hv_result_text(result), why);
    hv_disconnect(connection);
    return 1;
}
