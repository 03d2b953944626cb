package dev.mishap.proxy.filter.http.extproc;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** What a {@code CommonResponse} of the service says of a body. */
final class BodyMutation {
    private BodyMutation() {}

    /** The bytes in the place of those that the service was told, or null when they stay. */
    static byte @Nullable [] instead(@Nullable ConfigNode common) {
        ConfigNode mutation = common == null ? null : common.message("body_mutation");
        if (mutation == null) {
            return null;
        }
        if (mutation.bool("clear_body", false)) {
            return new byte[0];
        }
        return "body".equals(mutation.oneof("mutation")) ? bytes(mutation) : null;
    }

    /** The piece that the service sends of a body of its own, or null. */
    static @Nullable ConfigNode piece(@Nullable ConfigNode common) {
        ConfigNode mutation = common == null ? null : common.message("body_mutation");
        return mutation == null ? null : mutation.message("streamed_response");
    }

    /** The field {@code body} of a message. */
    static byte[] bytes(ConfigNode message) {
        return message.string("body").getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Whether a body of {@code length} bytes is what the headers tell. */
    static boolean fits(HeaderMap headers, int length) {
        String told = headers.get(HeaderName.CONTENT_LENGTH);
        return told == null || told.equals(Integer.toString(length));
    }
}
