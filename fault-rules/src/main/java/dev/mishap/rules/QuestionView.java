package dev.mishap.rules;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/** What the rules may know of one DNS question. */
public interface QuestionView {
    /** The name of the listener that got it; null when the proxy itself asks. */
    @Nullable
    String listener();

    /** The cluster for which the proxy itself asks; null for a client's question. */
    @Nullable
    String cluster();

    /** The name in lower case, without the dot at its end. */
    String name();

    /** The type, such as {@code A}, or {@code TYPE} and its number. */
    String type();

    /** Who asks; null when the proxy itself does. */
    @Nullable
    InetAddress sourceAddress();

    /** Whether it came over a stream, where every answer has room and none is truncated. */
    default boolean overStream() {
        return false;
    }
}
