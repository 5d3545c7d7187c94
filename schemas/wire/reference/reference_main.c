/* Prints the reference of the wire as Markdown, from the tables that the codec walks. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "wire/room.h"

static const char introduction[] =
    "# Reference of the wire, version %d.%d\n"
    "\n"
    "Generated from the field lists in `schemas/wire/fields.h` and `schemas/wire/vocabulary.h`, "
    "from which the\nbroker and the library take their structs, encoder, decoder and checks too. "
    "`make check` compares.\n"
    "\n"
    "An envelope is one MessagePack map with text keys. Its key `type` names the message; the "
    "other "
    "keys are\nthose of the table. What is absent is an absent key, never nil.\n"
    "\n"
    "An envelope from a peer has at most %zu bytes and nests at most %u deep, the envelope being "
    "1; "
    "its lists\nhave at most %d items.\n";

static const char *by_text(enum wire_by by) {
    switch (by) {
    case WIRE_BY_PEER:
        return "by peers";
    case WIRE_BY_BROKER:
        return "by the broker";
    case WIRE_BY_BOTH:
        break;
    }
    return "by both";
}

/* A bar would end the cell. */
static void cell_print(const char *text) {
    for (; *text != '\0'; text++) {
        if (*text == '|')
            putchar('\\');
        putchar(*text);
    }
}

static void form_print(const struct wire_field *field) {
    char expectation[WIRE_EXPECTATION_SIZE];
    if (field->kind == WIRE_VOCABULARY) {
        printf("a word of [%s](#words-of-%s)", field->vocabulary->name, field->vocabulary->name);
    } else if (field->kind == WIRE_MAP) {
        printf("a map: [%s](#map-%s)", field->nested->name, field->nested->name);
    } else if (field->kind == WIRE_LIST) {
        printf("a list of maps: [%s](#map-%s)", field->nested->name, field->nested->name);
    } else {
        wire_expectation(field, expectation);
        cell_print(expectation);
    }
}

static void fields_print(const struct wire_struct *type) {
    printf("\n| key | presence | form | meaning |\n| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < type->count; i++) {
        const struct wire_field *field = &type->fields[i];
        if (field->kind == WIRE_EMBED) {
            printf("| | | the keys of [%s](#map-%s) | ", field->nested->name, field->nested->name);
        } else {
            printf("| `%s` | %s | ", field->name, field->required ? "required" : "optional");
            form_print(field);
            printf(" | ");
        }
        cell_print(field->doc);
        printf(" |\n");
    }
}

static void messages_print(void) {
    printf("\n## Messages\n");
    for (int i = HV_MESSAGE_none + 1; i < HV_MESSAGE_TYPES; i++) {
        enum hv_message_type type = (enum hv_message_type)i;
        const struct wire_struct *message = wire_message_struct(type);
        printf("\n### Message `%s`\n\nSaid %s: %s.\n", message->name,
               by_text(wire_message_by(type)), message->doc);
        fields_print(message);
    }
}

static void parts_print(void) {
    printf("\n## What messages are made of\n");
    for (size_t i = 0; i < wire_part_count; i++) {
        const struct wire_struct *part = wire_parts[i];
        printf("\n### Map `%s`\n\n%c%s.\n", part->name, toupper(part->doc[0]), part->doc + 1);
        fields_print(part);
    }
}

static void vocabularies_print(void) {
    printf("\n## Words\n\nA text outside its list is `malformed`.\n");
    for (size_t i = 0; i < wire_vocabulary_count; i++) {
        const struct wire_vocabulary *vocabulary = wire_vocabularies[i];
        printf("\n### Words of `%s`\n\n| word | number in the ledger | meaning |\n"
               "| --- | --- | --- |\n",
               vocabulary->name);
        for (size_t j = 0; j < vocabulary->count; j++) {
            const struct wire_word *word = &vocabulary->words[j];
            printf("| `%s` | %d | ", word->text, word->number);
            cell_print(word->doc);
            printf(" |\n");
        }
    }
}

int main(void) {
    printf(introduction, HV_WIRE_VERSION, HV_WIRE_MINOR, wire_limits_default.envelope_bytes,
           wire_limits_default.depth, HV_LIST_MAX);
    messages_print();
    parts_print();
    vocabularies_print();
    return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}
