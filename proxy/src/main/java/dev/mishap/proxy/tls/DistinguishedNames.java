package dev.mishap.proxy.tls;

import java.util.Map;

/** Short names of attributes of a distinguished name. */
final class DistinguishedNames {
    /** Those that RFC 2253 does not list, by their object identifiers, as OpenSSL abbreviates them. */
    static final Map<String, String> KEYWORDS = Map.ofEntries(
            Map.entry("1.2.840.113549.1.9.1", "emailAddress"),
            Map.entry("2.5.4.4", "SN"),
            Map.entry("2.5.4.5", "serialNumber"),
            Map.entry("2.5.4.12", "title"),
            Map.entry("2.5.4.13", "description"),
            Map.entry("2.5.4.15", "businessCategory"),
            Map.entry("2.5.4.17", "postalCode"),
            Map.entry("2.5.4.41", "name"),
            Map.entry("2.5.4.42", "GN"),
            Map.entry("2.5.4.43", "initials"),
            Map.entry("2.5.4.44", "generationQualifier"),
            Map.entry("2.5.4.46", "dnQualifier"),
            Map.entry("2.5.4.65", "pseudonym"));

    private DistinguishedNames() {}
}
