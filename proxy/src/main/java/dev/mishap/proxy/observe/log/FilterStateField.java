package dev.mishap.proxy.observe.log;

import dev.mishap.proxy.http.WireText;
import dev.mishap.proxy.json.JsonWriter;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.FilterStateObject;
import dev.mishap.proxy.transport.FilterStateValue;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code FILTER_STATE(key[:PLAIN|TYPED|FIELD:name])}: what HTTP filters left with the stream, or network filters with its
 * connection; the latter is text. Nothing that there is has fields that {@code FIELD} could read, as in Envoy.
 */
final class FilterStateField extends Field {
    private final String key;
    private final boolean typed;
    private final boolean nothing;
    private final int maxLength;

    FilterStateField(String key, String form, int maxLength) {
        this.key = key;
        this.typed = form.equals("TYPED");
        this.nothing = form.equals("FIELD");
        this.maxLength = maxLength;
    }

    private @Nullable Object find(LogContext context) {
        if (nothing) {
            return null;
        }
        FilterStateObject own = context.info().filterState(key);
        if (own != null) {
            return own;
        }
        ConnectionInfo connection = context.info().connection;
        return connection == null ? null : connection.filterState(key);
    }

    @Override
    boolean append(LogContext context, LogBuffer out) {
        Object value = find(context);
        if (value == null) {
            return false;
        }
        String text;
        if (value instanceof FilterStateValue single) {
            text = typed ? WireText.encode(JsonWriter.compact(single.json())) : single.plain();
        } else if (value instanceof FilterStateObject object) {
            text = typed ? JsonWriter.compact(camelCase(object.fields())) : object.plain();
        } else if (value instanceof Map<?, ?> message) {
            if (!typed) {
                return false; // a message has no text
            }
            text = JsonWriter.compact(message);
        } else {
            text = typed ? JsonWriter.compact(value.toString()) : value.toString();
        }
        int start = out.size();
        out.latin1(text);
        if (maxLength >= 0) {
            out.truncate(Math.min(out.size(), start + maxLength));
        }
        return true;
    }

    @Override
    boolean appendJson(LogContext context, LogBuffer out) {
        if (typed && find(context) instanceof FilterStateObject object && !(object instanceof FilterStateValue)) {
            out.latin1(JsonWriter.compact(object.fields())); // Envoy's JSON logs keep the names of the proto
            return true;
        }
        return super.appendJson(context, out);
    }

    private static Map<String, Object> camelCase(Map<String, Object> fields) {
        Map<String, Object> out = new LinkedHashMap<>();
        fields.forEach((name, value) -> {
            StringBuilder camel = new StringBuilder(name.length());
            for (int i = 0; i < name.length(); i++) {
                char c = name.charAt(i);
                camel.append(c == '_' && i + 1 < name.length() ? Character.toUpperCase(name.charAt(++i)) : c);
            }
            out.put(camel.toString(), value);
        });
        return out;
    }
}
