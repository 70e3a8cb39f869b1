"""Why fede and another verifier may say different things of a chain. What no row explains is a failure.

ACCEPTED: fede accepts, the peer does not: peer, what it says (regular expression), what was done to the chain (likewise;
`.` is anything), and why the chain is valid all the same. The first row that fits counts.
REFUSED: fede refuses, a peer accepts: by fede's reason, perhaps with a piece of its sentence.
"""

ANCHOR = r"leaf_trusted_itself|intermediate_trusted|another_root|cross_signed"

ACCEPTED = [
    ("gnutls openssl", r".", r"leaf_trusted_itself|intermediate_trusted", "An anchor given by the user ends the path, whatever stands above it "
     "or is wrong with its own signature (RFC 5280 6.1)."),
    ("openssl gnutls go", r"algorithm|signature|issuer is unknown|unknown authority|local issuer|not a CA", r"@root",
     "Only an anchor's own signature or issuer was altered, and an anchor's signature is not checked (RFC 5280 6.1)."),
    ("openssl gnutls go", r"issuer|unknown authority|chain violates", r"spelling_of_the_issuer|subject@", "The two spell the same name: "
     "letters in another case, another string type, other spaces (RFC 5280 7.1)."),
    ("openssl gnutls", r"issuer", r"key_identifier|unique_identifiers|element|extension_with_a_tail|bits_after|kind_of_key|cross_signed",
     "A key identifier that does not fit guides the search and forbids nothing (RFC 5280 4.2.1.1); the issuer's key verifies the signature."),
    ("openssl", r"Missing (Authority|Subject) Key Identifier|not marked critical|does not include key usage|Subject Alt Name extension not critical"
     r"|Path length invalid for non-CA|keyCertSign invalid for non-CA|Issuer name empty|Subject name empty", r".",
     "A rule for those who issue (RFC 5280 4.2), not for the validation of paths (6.1); fede holds it with the profile web."),
    ("openssl go gnutls", r"nhandled critical|unknown critical", r"policies|name_constraints|critical_turned_round|subject_key_identifier"
     r"|authority_key_identifier|unknown_extension|element|tls_feature|extended_key_usage|basic_constraints", "fede processes the extension that is critical here: policies and "
     "their constraints, name constraints, key identifiers."),
    ("openssl", r"certificate has expired", r".", "The second named by notAfter belongs to the period of validity (RFC 5280 4.1.2.5)."),
    ("openssl", r"invalid CA certificate", r"version_1_without_extensions@root|key_usage|unique|empty_extensions|no_basic", "An anchor of version 1 can't "
     "say that it is a CA's; the user's choice says it."),
    ("go", r"cannot verify signature|unknown authority \(possibly|pubKeyEqual|unsupported elliptic", r".", "Go has no Ed448 and no such curve."),
    ("go", r"unknown authority", r"kind_of_key|element|algorithm", "Go can't read the key of the CA, and does not say so."),
    ("openssl gnutls", r"purpose", r"extended_key_usage", "anyExtendedKeyUsage includes serverAuth (RFC 5280 4.2.1.12)."),
    ("gnutls", r"not a CA|issuer is unknown", r"basic_constraints|version_1|no_key_usage|signature_form", "GnuTLS takes a large pathLenConstraint, or an anchor it "
     "can't check, for no CA's."),
    ("gnutls", r"violates the signer's constraints", r"name_constraints|policies", "The constraints are on a kind of name that no certificate below has "
     "(RFC 5280 4.2.1.10)."),
    ("openssl gnutls", r"ostname mismatch|name in the certificate", r"name_wanted", "A final dot, or an underscore, in the name wanted is no part of "
     "the comparison (RFC 9525 6.3, RFC 1034 3.1)."),
    ("openssl gnutls", r"path length|violates", r"longer_chain.*longer_chain", "The same names occur twice in the list sent; a shorter path "
     "leads to the anchor."),
    ("gnutls", r"issuer is unknown", r"alternative_names@intermediate", "Concerns the alternative names of a CA, which nobody asked for."),
    ("go", r"unknown authority", r"policies", "Go does not know the critical extensions for policies, and does not say so."),
    ("go", r"inner and outer", r"leaf_trusted_itself", "The leaf is the anchor: its own signature is not checked (RFC 5280 6.1)."),
    ("openssl", r"invalid CA certificate|without key usage keyCertSign", r"server_as_ca|no_key_usage", "As it stands the certificate is a server's, or has no key "
     "usage; it issues nothing on this path, or may."),
    ("openssl", r"self-signed certificate in", r"subject@", "A CA whose subject is its issuer's name is self-issued, not self-signed (RFC 5280 6.1): the "
     "issuer's key verifies its signature, its own does not."),
    ("gnutls", r"NOT trusted", r"another_root|extension_with_a_tail", "An anchor beside the one in use can't be read."),
    ("gnutls", r"insecure algorithm|expired|not yet valid", ANCHOR, "Concerns a certificate that is on no path fede needs."),
]

REFUSED = {
    "cert_unreadable": "Not DER, or not the structure that RFC 5280 gives: peers read BER, bytes left over, dates of other forms, BOOLEANs of "
                       "other values, empty lists, characters the string type does not have.",
    "cert_unknown_issuer": "The issuer's certificate was altered into something unreadable, which fede passes over in its search.",
    "cert_ca_as_leaf": "A CA certificate must not serve (docs/decisions/0011).",
    "cert_profile": "The serial number is negative, 0 or too long, or the version does not allow what is there (RFC 5280 4.1.2).",
    "cert_feature": "The leaf does not promise the TLS feature that its CA promises (RFC 7633 4.2.2); OpenSSL and Go don't look.",
    "cert_key_unsupported": "Curves other than P-256, P-384 and P-521, compressed points, curves by parameters, RSA without its NULL, "
                            "points off the curve.",
    "cert_key_usage": "keyCertSign is missing in a CA, or digitalSignature in the leaf (RFC 5280 4.2.1.3); Go does not look.",
    "cert_policy": "An explicit policy is required and none holds; malformed or repeated policies (RFC 5280 6.1.3). Peers look only when asked.",
    "cert_no_names": "No subject alternative name; GnuTLS falls back on the common name (RFC 9525 2).",
    "cert_algorithm": "SHA-1, or parameters that RFC 4055 and RFC 5758 don't allow.",
    "cert_algorithm_mismatch": "The two algorithm identifiers differ (RFC 5280 4.1.1.2).",
    "cert_name_constraint_bad": "Malformed name constraints, also where nothing meets them (RFC 5280 4.2.1.10).",
    "cert_name_constraint": "Constraints on names that the peer does not compare.",
    "cert_extended_key_usage": "The anchor or a CA is limited to other purposes, or the list is empty: fede lets it hold for all below.",
    "cert_not_ca": "An anchor that says it is no CA's; GnuTLS trusts whatever it was given.",
    "cert_critical_extension": "A critical TLS feature other than those fede can hold a server to, or one unknown.",
    "cert_chain_too_long": "More than ten intermediates; a limit of fede's (docs/certificates.md).",
    "cert_weak_key": "RSA below 2048 bits (RFC 9325 4.1).",
    "cert_path_length": "More CAs below than pathLenConstraint allows; the peer does not count an anchor's.",
    "cert_name_mismatch": "A wildcard or spelling that RFC 9525 6.3 does not allow.",
    "cert_signature": "A signature of another form than the standard one: ECDSA that is no strict DER, unused bits.",
    "cert_expired": "The anchor has expired; the peer does not look at it.",
    "cert_not_yet_valid": "The anchor's time has not come; the peer does not look at it.",
    "cert_self_signed": "The peer trusts a certificate with the anchor's key, or as the anchor's equal; fede wants the anchor itself.",
}
