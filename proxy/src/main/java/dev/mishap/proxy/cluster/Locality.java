package dev.mishap.proxy.cluster;

/** {@code envoy.config.core.v3.Locality}; parts that are not given are {@code ""}. */
public record Locality(String region, String zone, String subZone) {
    public static final Locality NONE = new Locality("", "", "");
}
