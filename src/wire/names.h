/* IANA registries as data: number, name, standard. State of 2026; the source date of each is in names.c. */
#ifndef WIRE_NAMES_H
#define WIRE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct name_row {
    uint32_t number;
    const char *name;      /* the registry's own spelling */
    const char *section;   /* "RFC 9846 4.2.8" */
    const char *status;    /* "" or a word: "recommended", "deprecated", "reserved" … */
};

struct names {
    const char *title;     /* "cipher suite" */
    const struct name_row *rows; /* sorted by number */
    size_t n;
    uint8_t digits;        /* hexadecimal digits a number is shown with; 0: decimal */
    bool grease;           /* GREASE values (RFC 8701) may occur */
};

extern const struct names content_type_names, version_names, handshake_names, alert_names, alert_level_names,
    suite_names, compression_names, extension_names, group_names, scheme_names, hash_names, signature_names,
    point_format_names, curve_type_names, name_type_names, status_type_names, certificate_type_names, psk_mode_names,
    certificate_compression_names, key_update_names, certificate_kind_names, hpke_kem_names, hpke_kdf_names, hpke_aead_names;

const struct name_row *names_row(const struct names *names, uint32_t number); /* NULL when unknown; GREASE has a row */
const char *names_find(const struct names *names, uint32_t number);          /* NULL when unknown */
/* Case-insensitive; true when found. */
bool names_number(const struct names *names, const char *name, uint32_t *number);
bool names_is_grease(uint32_t number); /* 0x?a?a, 16 bits */

#endif
