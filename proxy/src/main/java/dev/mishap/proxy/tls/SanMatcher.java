package dev.mishap.proxy.tls;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.route.match.StringMatcher;
import dev.mishap.proxy.tls.Certificates.San;
import dev.mishap.proxy.tls.Certificates.SanType;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Matches one alternative name of a peer's certificate.
 *
 * @param type the kind of names that can match; null = any, as {@code match_subject_alt_names} has it
 * @param exact the text when an exact match is asked for, else null: a certificate's wildcard then stands for one label
 * @param oid of an OTHER_NAME, else {@code ""}
 */
record SanMatcher(
        @Nullable SanType type,
        StringMatcher matcher,
        @Nullable String exact,
        String oid) {
    static SanMatcher typed(ConfigNode node) {
        String name = node.enumName("san_type");
        ConfigNode matcher = node.required("matcher");
        SanType type = SanType.valueOf(name);
        String oid = node.string("oid");
        if (type == SanType.OTHER_NAME && !isOid(oid)) {
            throw new ConfigException("Failed to create SAN matcher for OTHER_NAME with OID: " + oid);
        }
        return of(type, matcher, type == SanType.OTHER_NAME ? oid : "");
    }

    /** An element of the deprecated {@code match_subject_alt_names}. */
    static SanMatcher untyped(ConfigNode matcher) {
        return of(null, matcher, "");
    }

    /** Matches what a certificate for the host {@code name} has, as a client checks it. */
    static SanMatcher host(String name) {
        boolean ip = io.netty.util.NetUtil.createByteArrayFromIpAddressString(name) != null;
        return new SanMatcher(ip ? SanType.IP_ADDRESS : SanType.DNS, StringMatcher.exact(name, false), name, "");
    }

    private static SanMatcher of(@Nullable SanType type, ConfigNode matcher, String oid) {
        boolean exact = "exact".equals(matcher.oneof("match_pattern"));
        return new SanMatcher(type, StringMatcher.from(matcher), exact ? matcher.string("exact") : null, oid);
    }

    private static boolean isOid(String text) {
        String[] arcs = text.split("\\.", -1);
        for (String arc : arcs) {
            if (arc.isEmpty() || !arc.chars().allMatch(c -> c >= '0' && c <= '9')) {
                return false;
            }
        }
        return arcs.length > 1;
    }

    boolean matches(San san) {
        if (type != null && type != san.type()) {
            return false;
        }
        if (san.type() == SanType.OTHER_NAME && !(type != null && oid.equals(san.oid()))) {
            return false;
        }
        if (san.type() == SanType.DNS && exact != null) {
            return dnsMatches(exact, san.value());
        }
        return matcher.matchesText(san.value());
    }

    boolean matchesAny(List<San> sans) {
        for (San san : sans) {
            if (matches(san)) {
                return true;
            }
        }
        return false;
    }

    /** Whether {@code name} is what {@code pattern}, which may have a wildcard in its first label, stands for. */
    static boolean dnsMatches(String name, String pattern) {
        String n = name.toLowerCase(Locale.ROOT);
        String p = pattern.toLowerCase(Locale.ROOT);
        int dot = p.indexOf('.');
        int star = p.indexOf('*');
        if (n.equals(p)) {
            return true;
        }
        if (star < 0 || dot < 0 || star > dot || p.indexOf('*', star + 1) >= 0 || p.startsWith("xn--")) {
            return false;
        }
        int nameDot = n.indexOf('.');
        if (nameDot <= 0 || !n.substring(nameDot).equals(p.substring(dot))) {
            return false;
        }
        String label = n.substring(0, nameDot);
        String before = p.substring(0, star);
        String after = p.substring(star + 1, dot);
        return label.length() >= before.length() + after.length() && label.startsWith(before) && label.endsWith(after);
    }
}
