/* The content of a message as 32 bytes: what makes a command the same command asked again. */
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "wire/room.h"

static int hash_write(void *state, const char *bytes, size_t size) {
    return crypto_generichash_update(state, (const unsigned char *)bytes, size);
}

static int pair_compare(const void *left, const void *right) {
    const msgpack_object_str *a = &((const msgpack_object_kv *)left)->key.via.str;
    const msgpack_object_str *b = &((const msgpack_object_kv *)right)->key.via.str;
    if (a->size != b->size)
        return a->size < b->size ? -1 : 1;
    return memcmp(a->ptr, b->ptr, a->size);
}

static void map_write(msgpack_packer *packer, const msgpack_object_map *map, const char *without);

/* As deep as the bounded check has let through. */
static void object_write(msgpack_packer *packer, const msgpack_object *object) {
    switch (object->type) {
    case MSGPACK_OBJECT_MAP:
        map_write(packer, &object->via.map, NULL);
        break;
    case MSGPACK_OBJECT_ARRAY:
        msgpack_pack_array(packer, object->via.array.size);
        for (uint32_t i = 0; i < object->via.array.size; i++)
            object_write(packer, &object->via.array.ptr[i]);
        break;
    case MSGPACK_OBJECT_NIL:
    case MSGPACK_OBJECT_BOOLEAN:
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
    case MSGPACK_OBJECT_STR:
    case MSGPACK_OBJECT_BIN:
    case MSGPACK_OBJECT_EXT:
        /* msgpack-c packs a number as short as it goes. */
        msgpack_pack_object(packer, *object);
        break;
    }
}

static bool key_is(const msgpack_object *key, const char *name) {
    return name != NULL && key->via.str.size == strlen(name) &&
           memcmp(key->via.str.ptr, name, key->via.str.size) == 0;
}

static void map_write(msgpack_packer *packer, const msgpack_object_map *map, const char *without) {
    size_t left_out = 0;
    for (uint32_t i = 0; i < map->size; i++)
        left_out += key_is(&map->ptr[i].key, without);
    qsort(map->ptr, map->size, sizeof map->ptr[0], pair_compare);
    msgpack_pack_map(packer, map->size - left_out);
    for (uint32_t i = 0; i < map->size; i++) {
        if (key_is(&map->ptr[i].key, without))
            continue;
        object_write(packer, &map->ptr[i].key);
        object_write(packer, &map->ptr[i].val);
    }
}

void wire_content_hash(msgpack_object_map *map, uint8_t ret_content[32]) {
    crypto_generichash_state state;
    msgpack_packer packer;
    crypto_generichash_init(&state, NULL, 0, 32);
    msgpack_packer_init(&packer, &state, hash_write);
    map_write(&packer, map, "request");
    crypto_generichash_final(&state, ret_content, 32);
}
