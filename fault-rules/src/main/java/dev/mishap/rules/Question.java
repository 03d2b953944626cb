package dev.mishap.rules;

import dev.mishap.rules.match.StringMatcher;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What is asked of DNS.
 *
 * @param name tests the name in lower case, without the dot at its end; null = any
 * @param types of records, such as {@code AAAA}, in upper case; empty = any
 */
public record Question(@Nullable StringMatcher name, List<String> types) {
    public static final Question ANY = new Question(null, List.of());
    /** The types that a rule can name (RFC 1035 §3.2.2 and later); others as {@code TYPE} and a number (RFC 3597 §5). */
    public static final List<String> TYPES = List.of(
            "A", "NS", "CNAME", "SOA", "PTR", "MX", "TXT", "AAAA", "SRV", "NAPTR", "DS", "DNSKEY", "SVCB", "HTTPS",
            "CAA");

    public Question {
        if (name != null
                && name.kind() != StringMatcher.Kind.REGEX
                && !name.text().equals(name.text().toLowerCase(Locale.ROOT))) {
            throw new IllegalArgumentException("a DNS name must be in lower case, got '" + name.text() + "'");
        }
        types = List.copyOf(types);
        for (String type : types) {
            if (!TYPES.contains(type) && !type.matches("TYPE[0-9]{1,5}")) {
                throw new IllegalArgumentException(
                        "expected a record type such as A, AAAA or TYPE65, got '" + type + "'");
            }
        }
    }
}
