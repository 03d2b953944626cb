package dev.mishap.control.rules;

import org.jspecify.annotations.Nullable;

/**
 * Who asks for a change, for the audit log.
 *
 * @param who the authenticated identity; {@code anonymous} without one
 * @param from the address of the peer, or the name of a part of the server
 * @param idempotencyKey as sent by the caller: the same key within 24 h is the same request, answered as the first time. null = none
 */
public record Caller(String who, String from, @Nullable String idempotencyKey) {
    public static Caller of(String who, String from) {
        return new Caller(who, from, null);
    }
}
