package dev.mishap.proxy.admin;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Field masks: paths of names with dots. */
final class Masks {
    private Masks() {}

    /** The members that a path names, and {@code @type} on the way. */
    static Map<String, Object> apply(Map<?, ?> value, List<String> paths) {
        Map<String, Object> out = new LinkedHashMap<>();
        value.forEach((name, member) -> {
            String key = String.valueOf(name);
            if (key.equals("@type")) {
                out.put(key, member);
                return;
            }
            List<String> deeper = new ArrayList<>();
            boolean whole = false;
            for (String path : paths) {
                if (path.equals(key)) {
                    whole = true;
                } else if (path.startsWith(key + ".")) {
                    deeper.add(path.substring(key.length() + 1));
                }
            }
            if (whole) {
                out.put(key, member);
            } else if (!deeper.isEmpty() && member instanceof Map<?, ?> map) {
                out.put(key, apply(map, deeper));
            }
        });
        return out;
    }
}
