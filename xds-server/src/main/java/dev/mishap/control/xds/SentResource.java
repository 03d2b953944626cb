package dev.mishap.control.xds;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A resource that a client was sent.
 *
 * @param resource without a body when the client came with it
 * @param state whether the client has taken it
 * @param sentAt when its type was sent last
 * @param nack why the client has not
 */
public record SentResource(
        Resource resource, TypeStatus.State state, @Nullable Instant sentAt, TypeStatus.@Nullable Nack nack) {}
