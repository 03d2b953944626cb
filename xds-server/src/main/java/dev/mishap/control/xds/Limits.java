package dev.mishap.control.xds;

import java.time.Duration;

/**
 * What one client may take of the server.
 *
 * @param messageBytes the largest request, 1 KiB–64 MiB; an Envoy's first is some 70 KB
 * @param streams at once, of all peers
 * @param streamsPerPeer at once, of one address
 * @param streamsPerNode at once, of one node id: ADS needs one, a proxy with a stream a resource some hundreds
 * @param names that one subscription may have
 * @param types that one stream may subscribe to
 * @param nodeDeadline how long a stream may be open without a first message
 * @param orderDeadline how long routes and listeners wait for the answer to the clusters that they may need, and clusters that are gone
 *     for the answer to the routes that used them
 */
public record Limits(
        int messageBytes,
        int streams,
        int streamsPerPeer,
        int streamsPerNode,
        int names,
        int types,
        Duration nodeDeadline,
        Duration orderDeadline) {
    public static final Limits DEFAULT =
            new Limits(8 << 20, 200_000, 100_000, 4_096, 100_000, 64, Duration.ofSeconds(30), Duration.ofSeconds(5));

    public Limits {
        positive("messageBytes", messageBytes);
        positive("streams", streams);
        positive("streamsPerPeer", streamsPerPeer);
        positive("streamsPerNode", streamsPerNode);
        positive("names", names);
        positive("types", types);
    }

    private static void positive(String name, int value) {
        if (value <= 0) {
            throw new IllegalArgumentException(name + ": must be > 0, got " + value);
        }
    }
}
