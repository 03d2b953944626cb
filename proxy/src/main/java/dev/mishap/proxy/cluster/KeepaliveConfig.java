package dev.mishap.proxy.cluster;

/** {@code TcpKeepalive}; seconds, -1 = the system's value. */
public record KeepaliveConfig(int probes, int timeSeconds, int intervalSeconds) {}
