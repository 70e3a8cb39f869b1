/* What stands inside each extension: one routine each, named in the table of extensions.c. */
#ifndef WIRE_EXTENSIONS_H
#define WIRE_EXTENSIONS_H

#include "wire/messages.h"

typedef void extension_codec(struct wire *w, enum ext_place place, struct extensions *e);
extension_codec extension_server_name, extension_max_fragment_length, extension_status_request,
    extension_supported_groups, extension_ec_point_formats, extension_signature_algorithms, extension_alpn,
    extension_sct, extension_padding, extension_empty, extension_compress_certificate, extension_record_size_limit,
    extension_delegated_credential, extension_session_ticket, extension_pre_shared_key, extension_early_data,
    extension_supported_versions, extension_cookie, extension_psk_modes, extension_certificate_authorities,
    extension_signature_algorithms_cert, extension_key_share, extension_npn, extension_alps, extension_alps_old,
    extension_channel_id, extension_trust_anchors, extension_ech, extension_renegotiation_info;

/* Those that are only shown. */
typedef void extension_shown(struct wire *w, enum ext_place place);
extension_shown extension_certificate_type, extension_heartbeat, extension_status_request_v2;

#endif
