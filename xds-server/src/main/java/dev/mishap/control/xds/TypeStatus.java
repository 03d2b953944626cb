package dev.mishap.control.xds;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How far a stream is with one type.
 *
 * @param subscribed how many names; -1 for all
 * @param resources how many the client was sent and still has
 * @param sentVersion of the last response; empty before the first
 * @param sentAt when
 * @param ackedVersion the last that the client took; empty before the first
 * @param ackedAt when
 * @param nonce of the last response
 * @param nack the client's refusal of the last response; null when it took it or has not answered
 */
public record TypeStatus(
        String typeUrl,
        int subscribed,
        int resources,
        String sentVersion,
        @Nullable Instant sentAt,
        String ackedVersion,
        @Nullable Instant ackedAt,
        String nonce,
        @Nullable Nack nack) {

    /** @param since of the first refusal after the last response that was taken */
    public record Nack(String version, String message, Instant since) {}

    TypeStatus sent(String version, String nonce, int subscribed, int resources, Instant now) {
        return new TypeStatus(typeUrl, subscribed, resources, version, now, ackedVersion, ackedAt, nonce, nack);
    }

    /** @param stillRefused something of before, which is not in the response that was taken */
    TypeStatus acked(Instant now, boolean stillRefused) {
        return new TypeStatus(
                typeUrl,
                subscribed,
                resources,
                sentVersion,
                sentAt,
                sentVersion,
                now,
                nonce,
                stillRefused ? nack : null);
    }

    TypeStatus nacked(String message, Instant now) {
        Nack refusal = new Nack(sentVersion, message, nack == null ? now : nack.since());
        return new TypeStatus(
                typeUrl, subscribed, resources, sentVersion, sentAt, ackedVersion, ackedAt, nonce, refusal);
    }

    /** In step, waiting for an answer, refused, or not served yet. */
    public enum State {
        REQUESTED,
        SENT,
        ACKED,
        NACKED
    }

    public State state() {
        if (nack != null) {
            return State.NACKED;
        }
        if (sentVersion.isEmpty()) {
            return State.REQUESTED;
        }
        return sentVersion.equals(ackedVersion) ? State.ACKED : State.SENT;
    }
}
