package dev.mishap.control.xds;

import java.util.List;
import java.util.Objects;

/** Says for resources of a client's that have a time to live that they live on, three times within the shortest. Lives on the stream's worker. */
final class Heartbeats {
    private static final int BEATS_PER_TTL = 3;

    private final ClientResources resources;
    private String nonce = "";
    private long next;
    private boolean refused;

    Heartbeats(ClientResources resources) {
        this.resources = resources;
    }

    /** When the next one is due, in nanoseconds from now; negative: none, or one is planned that is not later. */
    long plan(long now) {
        if (resources.mortal().isEmpty()) {
            return -1;
        }
        long wait = Math.max(1, resources.shortestTtl() / BEATS_PER_TTL);
        if (next != 0 && next - now <= wait) {
            return -1;
        }
        next = now + wait;
        return wait;
    }

    /** When the next one is due; 0: none is. */
    long next() {
        return next;
    }

    /** The one that was planned is due now; whether it is to be sent as far as it goes by the ones before. */
    boolean due() {
        next = 0;
        return !refused;
    }

    /** What lives on, those in doubt left out. */
    List<Resource> alive(Refusals refusals) {
        return resources.mortal().stream()
                .filter(name -> !refusals.inDoubt(name))
                .map(name -> Objects.requireNonNull(resources.get(name)))
                .toList();
    }

    void sent(String asNonce) {
        nonce = asNonce;
    }

    /** Whether a request is the answer to the last one, which asks for nothing. */
    boolean answeredBy(StreamRequest request) {
        if (nonce.isEmpty() || !request.nonce.equals(nonce)) {
            return false;
        }
        nonce = "";
        refused |= request.error != null;
        return true;
    }

    /** A response with content was sent: they may be taken again. */
    void responded() {
        refused = false;
    }
}
