package dev.mishap.proxy.filter.http.extauthz;

import dev.mishap.proxy.filter.http.extauthz.Answer.Change;
import dev.mishap.proxy.filter.http.extauthz.Answer.Parameter;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What an answer does to headers. */
final class AnswerEffects {
    private AnswerEffects() {}

    /**
     * Changes a request that may pass.
     *
     * @return what is wrong with a header that the request would get, as Envoy says it, or null
     */
    static @Nullable String applyToRequest(Answer answer, HeaderMap headers) {
        for (Change change : answer.request()) {
            String wrong = wrong(change);
            if (wrong != null) {
                return wrong;
            }
            HeaderName name = name(change.name());
            if (!isFraming(name)) {
                apply(change, name, headers);
            }
        }
        for (String removed : answer.removed()) {
            HeaderName name = HeaderName.unshared(removed);
            if (!removed.startsWith(":") && !name.text().equals(HeaderName.HOST.text())) {
                headers.remove(name);
            }
        }
        String target = headers.get(HeaderName.PATH);
        if (target != null
                && !(answer.parameters().isEmpty() && answer.removedParameters().isEmpty())) {
            String changed = query(target, answer);
            if (!isValue(changed)) {
                return "invalid header value for: :path";
            }
            headers.set(HeaderName.PATH, changed);
        }
        return null;
    }

    /** Changes a response; what no response can hold is left out. */
    static void applyToResponse(List<Change> changes, HeaderMap headers) {
        for (Change change : changes) {
            HeaderName name = HeaderName.unshared(change.name());
            if (wrong(change) == null && !change.name().startsWith(":") && !isFraming(name)) {
                apply(change, name, headers);
            }
        }
    }

    /** Gives an answer of our own the headers of the service, which replace all that are there of their names. */
    static void applyToReply(List<Change> changes, HeaderMap headers) {
        for (Change change : changes) {
            if (!change.name().startsWith(":")) {
                headers.remove(HeaderName.unshared(change.name()));
            }
        }
        applyToResponse(changes, headers);
    }

    private static HeaderName name(String name) {
        return name.equals("host") ? HeaderName.AUTHORITY : HeaderName.unshared(name);
    }

    /** How long a message is and when its connection ends is not for a service to say. */
    private static boolean isFraming(HeaderName name) {
        String text = name.text();
        return text.equals(HeaderName.CONTENT_LENGTH.text())
                || text.equals(HeaderName.TRANSFER_ENCODING.text())
                || text.equals(HeaderName.CONNECTION.text());
    }

    private static void apply(Change change, HeaderName name, HeaderMap headers) {
        switch (change.how()) {
            case ADD -> headers.add(name, change.value());
            case SET -> set(headers, name, change.value());
            case APPEND -> {
                int at = headers.indexOf(name);
                if (at >= 0) {
                    headers.setValue(at, headers.value(at) + ',' + change.value());
                }
            }
            case ADD_IF_ABSENT -> {
                if (!headers.contains(name)) {
                    headers.add(name, change.value());
                }
            }
            case SET_IF_PRESENT -> {
                if (headers.contains(name)) {
                    set(headers, name, change.value());
                }
            }
        }
    }

    /** A header that is set anew comes last. */
    private static void set(HeaderMap headers, HeaderName name, String value) {
        if (name.text().startsWith(":")) {
            headers.set(name, value);
        } else {
            headers.remove(name);
            headers.add(name, value);
        }
    }

    private static @Nullable String wrong(Change change) {
        if (!isName(change.name())) {
            return "invalid header name: " + change.name();
        }
        return isValue(change.value()) ? null : "invalid header value for: " + change.name();
    }

    private static boolean isName(String name) {
        for (int i = name.startsWith(":") ? 1 : 0; i < name.length(); i++) {
            char c = name.charAt(i);
            boolean token = c >= 'a' && c <= 'z'
                    || c >= 'A' && c <= 'Z'
                    || c >= '0' && c <= '9'
                    || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
            if (!token) {
                return false;
            }
        }
        return !name.isEmpty();
    }

    private static boolean isValue(String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c < ' ' && c != '\t' || c == 0x7f) {
                return false;
            }
        }
        return true;
    }

    /** The target with its parameters in the order of their names, neither decoded nor encoded. */
    private static String query(String target, Answer answer) {
        int start = target.indexOf('?');
        Map<String, List<String>> all = new TreeMap<>();
        if (start >= 0) {
            for (String pair : target.substring(start + 1).split("&", -1)) {
                int equals = pair.indexOf('=');
                String name = equals < 0 ? pair : pair.substring(0, equals);
                all.computeIfAbsent(name, k -> new ArrayList<>()).add(equals < 0 ? "" : pair.substring(equals + 1));
            }
        }
        for (Parameter parameter : answer.parameters()) {
            all.put(parameter.name(), List.of(parameter.value()));
        }
        answer.removedParameters().forEach(all::remove);
        StringBuilder out = new StringBuilder(start < 0 ? target : target.substring(0, start));
        char separator = '?';
        for (Map.Entry<String, List<String>> e : all.entrySet()) {
            for (String value : e.getValue()) {
                out.append(separator).append(e.getKey()).append('=').append(value);
                separator = '&';
            }
        }
        return out.toString();
    }
}
