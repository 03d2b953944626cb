package dev.mishap.proxy.cluster;

/** {@code envoy.config.core.v3.Locality}; parts that are not given are {@code ""}. Ordered by region, zone, sub-zone. */
public record Locality(String region, String zone, String subZone) implements Comparable<Locality> {
    public static final Locality NONE = new Locality("", "", "");

    @Override
    public int compareTo(Locality other) {
        int c = region.compareTo(other.region);
        if (c == 0) {
            c = zone.compareTo(other.zone);
        }
        return c == 0 ? subZone.compareTo(other.subZone) : c;
    }
}
