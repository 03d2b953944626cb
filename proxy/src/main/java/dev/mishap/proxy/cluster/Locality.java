package dev.mishap.proxy.cluster;

import org.jspecify.annotations.Nullable;

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

    // Written out: every cluster needs them at the start, and those of a record are made of a dozen classes at their
    // first call.

    @Override
    public boolean equals(@Nullable Object o) {
        return o instanceof Locality l && region.equals(l.region) && zone.equals(l.zone) && subZone.equals(l.subZone);
    }

    @Override
    public int hashCode() {
        return (region.hashCode() * 31 + zone.hashCode()) * 31 + subZone.hashCode();
    }
}
