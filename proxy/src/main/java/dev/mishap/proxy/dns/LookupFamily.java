package dev.mishap.proxy.dns;

/** {@code envoy.config.cluster.v3.Cluster.DnsLookupFamily}: which addresses are asked for. */
public enum LookupFamily {
    /** IPv6 addresses, or IPv4 ones when there are none. */
    AUTO,
    V4_ONLY,
    V6_ONLY,
    /** IPv4 addresses, or IPv6 ones when there are none. */
    V4_PREFERRED,
    /** Both. */
    ALL
}
