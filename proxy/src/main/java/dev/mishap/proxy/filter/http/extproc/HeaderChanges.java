package dev.mishap.proxy.filter.http.extproc;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.observe.stats.Counter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Does to headers what a {@code HeaderMutation} of the service says, as far as the rules allow. */
final class HeaderChanges {
    /** Whose headers are changed. */
    enum Of {
        REQUEST,
        RESPONSE,
        TRAILERS
    }

    private HeaderChanges() {}

    /**
     * Applies {@code mutation}.
     *
     * @return what is wrong with it, which is an error, or null; what was done before stays
     */
    static @Nullable String apply(
            @Nullable ConfigNode mutation, HeaderMap headers, Of of, MutationRules rules, Counter rejected) {
        if (mutation == null) {
            return null;
        }
        for (String removed : mutation.strings("remove_headers")) {
            String name = removed.toLowerCase(Locale.ROOT);
            if (!isName(name)) {
                rejected.inc();
                return "header_mutation_remove_contains_invalid_character";
            }
            if (rules.mayRemove(name)) {
                headers.remove(HeaderName.unshared(name));
            } else {
                rejected.inc();
                if (rules.error()) {
                    return "header_mutation_remove_headers_failed";
                }
            }
        }
        for (ConfigNode option : mutation.messages("set_headers")) {
            ConfigNode header = option.message("header");
            if (header == null) {
                continue;
            }
            String name = header.string("key").toLowerCase(Locale.ROOT);
            String value = header.string("raw_value"); // one char a byte; the other field for values is not looked at
            if (!isName(name) || !isValue(value)) {
                rejected.inc();
                return "header_mutation_set_contains_invalid_character";
            }
            if (rules.maySet(name)) {
                set(headers, of, name, value, option.bool("append", false));
            } else {
                rejected.inc();
                if (rules.error()) {
                    return "header_mutation_set_headers_failed";
                }
            }
        }
        return null;
    }

    /** Gives a reply the headers of an immediate response; no rules hold for them. */
    static void applyToReply(@Nullable ConfigNode mutation, HeaderMap headers) {
        if (mutation != null) {
            for (ConfigNode option : mutation.messages("set_headers")) {
                ConfigNode header = option.message("header");
                String name = header == null ? "" : header.string("key").toLowerCase(Locale.ROOT);
                if (header != null && !name.startsWith(":") && isName(name) && isValue(header.string("raw_value"))) {
                    set(headers, Of.TRAILERS, name, header.string("raw_value"), option.bool("append", false));
                }
            }
            for (String removed : mutation.strings("remove_headers")) {
                if (!removed.startsWith(":")) {
                    headers.remove(HeaderName.unshared(removed.toLowerCase(Locale.ROOT)));
                }
            }
        }
    }

    private static void set(HeaderMap headers, Of of, String name, String value, boolean append) {
        if (name.startsWith(":")) {
            if (of == Of.RESPONSE ? isStatus(name, value) : of == Of.REQUEST && isOfRequest(name)) {
                headers.set(HeaderName.unshared(name), value);
            }
            return;
        }
        if (name.isEmpty() || name.equals("transfer-encoding")) {
            return; // no message has the one; how a message is framed is for the connection to say
        }
        HeaderName target = of == Of.REQUEST && name.equals("host") ? HeaderName.AUTHORITY : HeaderName.unshared(name);
        if (append && target != HeaderName.AUTHORITY) { // of which there is one
            headers.add(target, value);
        } else {
            headers.set(target, value);
        }
    }

    private static boolean isStatus(String name, String value) {
        return name.equals(":status")
                && value.length() == 3
                && value.charAt(0) >= '2'
                && value.charAt(0) <= '9'
                && Character.isDigit(value.charAt(1))
                && Character.isDigit(value.charAt(2));
    }

    private static boolean isOfRequest(String name) {
        return name.equals(":path") || name.equals(":method") || name.equals(":authority") || name.equals(":scheme");
    }

    private static boolean isName(String name) {
        for (int i = name.startsWith(":") ? 1 : 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (!(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || "!#$%&'*+-.^_`|~".indexOf(c) >= 0)) {
                return false;
            }
        }
        return true;
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
}
