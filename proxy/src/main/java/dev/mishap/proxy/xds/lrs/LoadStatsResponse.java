package dev.mishap.proxy.xds.lrs;

import dev.mishap.proxy.config.schema.WireReader;
import java.util.HashSet;
import java.util.Set;

/**
 * {@code envoy.service.load_stats.v3.LoadStatsResponse}.
 *
 * @param clusters that are wanted
 * @param intervalNanos between two reports; 0 = none
 * @param endpoints whether each endpoint is told apart
 * @param all whether all clusters are wanted
 */
record LoadStatsResponse(Set<String> clusters, long intervalNanos, boolean endpoints, boolean all) {
    static final LoadStatsResponse NOTHING = new LoadStatsResponse(Set.of(), 0, false, false);

    private static final long MAX_SECONDS = 365L * 24 * 3600;

    boolean wants(String cluster) {
        return all || clusters.contains(cluster);
    }

    /** @throws dev.mishap.proxy.config.schema.ConfigException when it is none */
    static LoadStatsResponse read(byte[] message) {
        WireReader in = new WireReader(message, 0, message.length);
        Set<String> clusters = new HashSet<>();
        long interval = 0;
        boolean endpoints = false;
        boolean all = false;
        while (in.hasMore()) {
            int tag = in.tag();
            switch (tag) {
                case 1 << 3 | WireReader.BYTES -> clusters.add(in.utf8());
                case 2 << 3 | WireReader.BYTES -> interval = duration(in.sub());
                case 3 << 3 | WireReader.VARINT -> endpoints = in.varint() != 0;
                case 4 << 3 | WireReader.VARINT -> all = in.varint() != 0;
                default -> in.skip(tag);
            }
        }
        return new LoadStatsResponse(Set.copyOf(clusters), interval, endpoints, all);
    }

    private static long duration(WireReader in) {
        long seconds = 0;
        long nanos = 0;
        while (in.hasMore()) {
            int tag = in.tag();
            switch (tag) {
                case 1 << 3 | WireReader.VARINT -> seconds = in.varint();
                case 2 << 3 | WireReader.VARINT -> nanos = in.varint();
                default -> in.skip(tag);
            }
        }
        return Math.max(0, Math.min(seconds, MAX_SECONDS)) * 1_000_000_000L + Math.max(0, Math.min(nanos, 999_999_999));
    }
}
