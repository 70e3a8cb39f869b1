/* explain/kinds.c: names and numbers (IANA: EtherTypes, protocol numbers, service names and ports). */
#include "explain/kinds.h"

#include <stddef.h>

// clang-format off
static const char *const names[KINDS] = {
    "other", "ARP", "RARP", "802.2 LLC", "LLDP", "EAPOL", "PPP control", "other link layer",
    "ICMP", "ICMPv6", "IGMP", "OSPF", "GRE", "IPsec", "SCTP", "VRRP", "other IP",
    "other UDP", "DNS", "mDNS", "LLMNR", "DHCP", "NTP", "QUIC", "RIP", "SNMP", "syslog", "TFTP",
    "NetBIOS", "SSDP", "NFS", "RADIUS", "DTLS or CoAP", "WireGuard",
    "HTTP", "FTP", "SSH", "Telnet", "SMTP", "POP3", "IMAP", "LDAP", "SMB", "MySQL", "PostgreSQL",
    "XMPP", "IRC", "MQTT", "Redis", "DTLS",
};
struct numbered { uint16_t number; uint8_t kind; };
static const struct numbered ethertypes[] = {
    {0x0806, KIND_ARP}, {0x8035, KIND_RARP}, {0x88cc, KIND_LLDP}, {0x888e, KIND_EAPOL},
};
static const struct numbered protocols[] = {
    {1, KIND_ICMP}, {2, KIND_IGMP}, {47, KIND_GRE}, {50, KIND_IPSEC}, {51, KIND_IPSEC}, {58, KIND_ICMP6}, {89, KIND_OSPF},
    {112, KIND_VRRP}, {132, KIND_SCTP},
};
static const struct numbered udp_ports[] = {
    {53, KIND_DNS}, {67, KIND_DHCP}, {68, KIND_DHCP}, {69, KIND_TFTP}, {123, KIND_NTP}, {137, KIND_NETBIOS}, {138, KIND_NETBIOS},
    {161, KIND_SNMP}, {162, KIND_SNMP}, {443, KIND_QUIC}, {514, KIND_SYSLOG}, {520, KIND_RIP}, {521, KIND_RIP}, {546, KIND_DHCP},
    {547, KIND_DHCP}, {1812, KIND_RADIUS}, {1813, KIND_RADIUS}, {1900, KIND_SSDP}, {2049, KIND_NFS}, {5353, KIND_MDNS},
    {5355, KIND_LLMNR}, {5683, KIND_DTLS_COAP}, {5684, KIND_DTLS_COAP}, {51820, KIND_WIREGUARD},
};
static const struct numbered tcp_ports[] = {
    {20, KIND_FTP}, {21, KIND_FTP}, {22, KIND_SSH}, {23, KIND_TELNET}, {25, KIND_SMTP}, {53, KIND_DNS}, {80, KIND_HTTP},
    {110, KIND_POP3}, {143, KIND_IMAP}, {389, KIND_LDAP}, {445, KIND_SMB}, {587, KIND_SMTP}, {1883, KIND_MQTT}, {2049, KIND_NFS},
    {3306, KIND_MYSQL}, {5222, KIND_XMPP}, {5432, KIND_POSTGRES}, {6379, KIND_REDIS}, {6667, KIND_IRC}, {8080, KIND_HTTP},
};
// clang-format on

static enum packet_kind find(const struct numbered *list, size_t n, uint16_t number, enum packet_kind none)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].number == number)
            return (enum packet_kind)list[i].kind;
    return none;
}
#define FIND(list, number, none) find((list), sizeof (list) / sizeof *(list), (number), (none))

const char *kind_name(enum packet_kind kind)
{
    return names[kind];
}

enum packet_kind kind_of_ethertype(uint16_t type)
{
    return FIND(ethertypes, type, KIND_LINK);
}

enum packet_kind kind_of_protocol(uint8_t protocol)
{
    return FIND(protocols, protocol, KIND_IP);
}

enum packet_kind kind_of_ports(uint16_t a, uint16_t b, bool tcp)
{
    uint16_t low = a < b ? a : b, high = a < b ? b : a;
    enum packet_kind none = tcp ? KIND_OTHER : KIND_UDP;
    enum packet_kind kind = tcp ? FIND(tcp_ports, low, none) : FIND(udp_ports, low, none);
    if (kind != none)
        return kind;
    return tcp ? FIND(tcp_ports, high, none) : FIND(udp_ports, high, none);
}
