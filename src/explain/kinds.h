/* Kinds of packets and connections that hold no TLS: so that a capture can say what else is in it. Known by numbers and ports,
   not by content: a name here says what such a packet usually is. */
#ifndef EXPLAIN_KINDS_H
#define EXPLAIN_KINDS_H

#include <stdbool.h>
#include <stdint.h>

// clang-format off
enum packet_kind {
    KIND_OTHER,
    KIND_ARP, KIND_RARP, KIND_LLC, KIND_LLDP, KIND_EAPOL, KIND_PPP, KIND_LINK,
    KIND_ICMP, KIND_ICMP6, KIND_IGMP, KIND_OSPF, KIND_GRE, KIND_IPSEC, KIND_SCTP, KIND_VRRP, KIND_IP,
    KIND_UDP, KIND_DNS, KIND_MDNS, KIND_LLMNR, KIND_DHCP, KIND_NTP, KIND_QUIC, KIND_RIP, KIND_SNMP, KIND_SYSLOG, KIND_TFTP,
    KIND_NETBIOS, KIND_SSDP, KIND_NFS, KIND_RADIUS, KIND_DTLS_COAP, KIND_WIREGUARD,
    KIND_HTTP, KIND_FTP, KIND_SSH, KIND_TELNET, KIND_SMTP, KIND_POP3, KIND_IMAP, KIND_LDAP, KIND_SMB, KIND_MYSQL, KIND_POSTGRES,
    KIND_XMPP, KIND_IRC, KIND_MQTT, KIND_REDIS, KIND_DTLS,
    KINDS
};
// clang-format on

const char *kind_name(enum packet_kind kind); /* "ARP" */
enum packet_kind kind_of_ethertype(uint16_t type);
enum packet_kind kind_of_protocol(uint8_t protocol); /* of IP */
/* By the lower of the two ports that is known. tcp false: UDP; KIND_UDP or KIND_OTHER where none is. */
enum packet_kind kind_of_ports(uint16_t a, uint16_t b, bool tcp);

#endif
