package dev.mishap.proxy.admin;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads {@code a=b&c} with percent escapes. A plus sign is a plus sign, as Envoy has it. */
final class QueryString {
    final Map<String, String> parameters = new LinkedHashMap<>();
    final List<String> repeated = new ArrayList<>();

    QueryString(String text) {
        for (String part : text.split("&", -1)) {
            if (!part.isEmpty()) {
                int eq = part.indexOf('=');
                String name = decode(eq < 0 ? part : part.substring(0, eq));
                if (parameters.putIfAbsent(name, eq < 0 ? "" : decode(part.substring(eq + 1))) != null) {
                    repeated.add(name);
                }
            }
        }
    }

    /** Resolves percent escapes; the bytes are UTF-8. An escape that is none stays as it is. */
    static String decode(String text) {
        if (text.indexOf('%') < 0) {
            return text;
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == '%' && i + 2 < bytes.length) {
                int high = Character.digit(bytes[i + 1], 16);
                int low = Character.digit(bytes[i + 2], 16);
                if (high >= 0 && low >= 0) {
                    out.write(high << 4 | low);
                    i += 2;
                    continue;
                }
            }
            out.write(bytes[i]);
        }
        return out.toString(StandardCharsets.UTF_8);
    }
}
