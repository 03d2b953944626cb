package dev.mishap.proxy.filter.http.headertometadata;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.http.WireText;
import dev.mishap.proxy.proto.ProtoWriter;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Makes values of metadata from the text of headers, one char a byte. */
final class MetadataValue {
    /** Longer texts are left out. */
    private static final int MAX_LENGTH = 8 * 1024;

    /** A message with a Value, to read one by. */
    private static final String HOLDER = "envoy.config.core.v3.KeyValuePair";

    private static final int HOLDER_VALUE = 2;

    private MetadataValue() {}

    /** What a text stands for. */
    enum Type {
        STRING,
        NUMBER,
        PROTOBUF_VALUE
    }

    /** A type, and whether it is wrapped in base64. */
    record Form(Type type, boolean base64) {}

    /** The value, or null when {@code text} is none. */
    static @Nullable Object of(String text, Form form) {
        if (text.isEmpty() || text.length() >= MAX_LENGTH) {
            return null;
        }
        String plain = text;
        if (form.base64()) {
            try {
                plain = new String(
                        Base64.getDecoder().decode(text.getBytes(StandardCharsets.ISO_8859_1)),
                        StandardCharsets.ISO_8859_1);
            } catch (IllegalArgumentException e) {
                return null;
            }
            if (plain.isEmpty()) {
                return null;
            }
        }
        return switch (form.type()) {
            case STRING -> WireText.decode(plain);
            case NUMBER -> number(plain.trim().toLowerCase(Locale.ROOT));
            case PROTOBUF_VALUE -> value(plain.getBytes(StandardCharsets.ISO_8859_1));
        };
    }

    /** As C reads it: decimal, hexadecimal, {@code inf} or {@code nan}. */
    private static @Nullable Double number(String text) {
        String unsigned = text.startsWith("-") || text.startsWith("+") ? text.substring(1) : text;
        double sign = text.startsWith("-") ? -1 : 1;
        switch (unsigned) {
            case "inf", "infinity":
                return sign * Double.POSITIVE_INFINITY;
            case "nan":
                return Double.NaN;
            default:
                break;
        }
        boolean hex = unsigned.startsWith("0x");
        String allowed = hex ? "0123456789abcdefxp.+-" : "0123456789e.+-";
        for (int i = 0; i < unsigned.length(); i++) {
            if (i == 0 && "+-".indexOf(unsigned.charAt(0)) >= 0) {
                return null; // a second sign
            }
            if (allowed.indexOf(unsigned.charAt(i)) < 0) {
                return null;
            }
        }
        try {
            return sign * Double.parseDouble(hex && unsigned.indexOf('p') < 0 ? unsigned + "p0" : unsigned);
        } catch (NumberFormatException e) {
            return null;
        }
    }

    private static @Nullable Object value(byte[] encoded) {
        byte[] holder = new ProtoWriter(encoded.length + 16)
                .bytesAlways(HOLDER_VALUE, encoded, 0, encoded.length)
                .toByteArray();
        try {
            return ConfigReader.lenient().binary(HOLDER, holder, "").struct("value");
        } catch (ConfigException e) {
            return null;
        }
    }
}
