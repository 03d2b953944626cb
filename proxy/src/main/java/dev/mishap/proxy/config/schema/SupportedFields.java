package dev.mishap.proxy.config.schema;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * What we make of one proto message: the fields that we honour, and those that we accept although they have no meaning here
 * and why. Every other field of the message is refused by its path. Each translator declares one per message it reads; the
 * list of all of them ({@code SupportTable}) is what the loader checks a configuration against and what
 * docs/envoy-compatibility.md is made from.
 */
public final class SupportedFields {
    private final String message;
    private final Set<String> supported = new LinkedHashSet<>();
    private final Map<String, String> accepted = new LinkedHashMap<>();

    private final Map<String, String> instead = new LinkedHashMap<>();

    private String noEffect = "";

    private SupportedFields(String message) {
        this.message = message;
    }

    /** Starts the list of a message, by its full proto name. */
    public static SupportedFields of(String message) {
        return new SupportedFields(message);
    }

    /** Fields that are honoured. */
    public SupportedFields supported(String... fields) {
        supported.addAll(Set.of(fields));
        return this;
    }

    /** A field that is accepted without effect, and the reason, which the documentation prints. */
    public SupportedFields accepted(String field, String why) {
        accepted.put(field, why);
        return this;
    }

    /** A field that is refused although people use it, and what to write instead: for the error and the documentation. */
    public SupportedFields refused(String field, String instead) {
        this.instead.put(field, instead);
        return this;
    }

    /** A message that is accepted without effect, whatever it holds, and the reason, which the documentation prints. */
    public static SupportedFields withoutEffect(String message, String why) {
        SupportedFields fields = new SupportedFields(message);
        fields.noEffect = why;
        return fields;
    }

    /** Why the whole message has no effect; {@code ""} when it has one. */
    public String noEffect() {
        return noEffect;
    }

    /** What to write instead of fields that are refused. */
    public Map<String, String> instead() {
        return instead;
    }

    public String message() {
        return message;
    }

    public Set<String> supported() {
        return supported;
    }

    public Map<String, String> accepted() {
        return accepted;
    }
}
