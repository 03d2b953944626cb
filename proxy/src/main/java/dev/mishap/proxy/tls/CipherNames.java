package dev.mishap.proxy.tls;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Cipher suites by the names of BoringSSL, in which Envoy's configuration has them, and by those of the JDK. */
final class CipherNames {
    /** Those that BoringSSL has for TLS 1.2 and below. */
    private static final Map<String, String> JDK = Map.ofEntries(
            Map.entry("ECDHE-ECDSA-AES128-GCM-SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
            Map.entry("ECDHE-RSA-AES128-GCM-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
            Map.entry("ECDHE-ECDSA-AES256-GCM-SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
            Map.entry("ECDHE-RSA-AES256-GCM-SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
            Map.entry("ECDHE-ECDSA-CHACHA20-POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
            Map.entry("ECDHE-RSA-CHACHA20-POLY1305", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
            Map.entry("ECDHE-PSK-CHACHA20-POLY1305", ""),
            Map.entry("ECDHE-ECDSA-AES128-SHA", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"),
            Map.entry("ECDHE-RSA-AES128-SHA", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
            Map.entry("ECDHE-RSA-AES128-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"),
            Map.entry("ECDHE-PSK-AES128-CBC-SHA", ""),
            Map.entry("ECDHE-ECDSA-AES256-SHA", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"),
            Map.entry("ECDHE-RSA-AES256-SHA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"),
            Map.entry("ECDHE-PSK-AES256-CBC-SHA", ""),
            Map.entry("AES128-GCM-SHA256", "TLS_RSA_WITH_AES_128_GCM_SHA256"),
            Map.entry("AES256-GCM-SHA384", "TLS_RSA_WITH_AES_256_GCM_SHA384"),
            Map.entry("AES128-SHA", "TLS_RSA_WITH_AES_128_CBC_SHA"),
            Map.entry("AES256-SHA", "TLS_RSA_WITH_AES_256_CBC_SHA"),
            Map.entry("PSK-AES128-CBC-SHA", ""),
            Map.entry("PSK-AES256-CBC-SHA", ""),
            Map.entry("DES-CBC3-SHA", "SSL_RSA_WITH_3DES_EDE_CBC_SHA"));

    /** Suites of one security by two speeds, in brackets, are for the client to choose from. */
    static final List<String> DEFAULT = List.of(
            "[ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-ECDSA-CHACHA20-POLY1305]",
            "[ECDHE-RSA-AES128-GCM-SHA256|ECDHE-RSA-CHACHA20-POLY1305]",
            "ECDHE-ECDSA-AES256-GCM-SHA384",
            "ECDHE-RSA-AES256-GCM-SHA384");

    static final List<String> TLS_1_3 =
            List.of("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256");

    private CipherNames() {}

    /** Whether {@code name} is one that BoringSSL knows, a group of them in brackets, or one with a preference before it. */
    static boolean isKnown(String name) {
        for (String part : split(name)) {
            String bare =
                    part.startsWith("-") || part.startsWith("!") || part.startsWith("+") ? part.substring(1) : part;
            if (!JDK.containsKey(bare) && !bare.equals("ALL") && !bare.equals("HIGH")) {
                return false;
            }
        }
        return true;
    }

    private static String[] split(String name) {
        return name.replaceAll("[\\[\\]]", "").split("[|:]");
    }

    /** All names one by one. */
    static List<String> single(List<String> names) {
        Set<String> out = new LinkedHashSet<>();
        for (String name : names) {
            for (String part : split(name)) {
                if (JDK.containsKey(part)) {
                    out.add(part);
                }
            }
        }
        return List.copyOf(out);
    }

    /** The JDK's names; preferences within a group are lost. */
    static List<String> jdk(List<String> names) {
        Set<String> out = new LinkedHashSet<>();
        for (String name : names) {
            for (String part : split(name)) {
                String jdk = JDK.get(part);
                if (jdk != null && !jdk.isEmpty()) {
                    out.add(jdk);
                }
            }
        }
        return List.copyOf(out);
    }

    /** BoringSSL's name of a suite that the engine calls {@code name}. */
    static @Nullable String boring(@Nullable String name) {
        if (name == null || TLS_1_3.contains(name)) {
            return name;
        }
        for (Map.Entry<String, String> e : JDK.entrySet()) {
            if (e.getValue().equals(name)) {
                return e.getKey();
            }
        }
        return name;
    }
}
