package dev.mishap.proxy.server;

import org.jspecify.annotations.Nullable;

/** What this process says it is, in the shape of Envoy's version: {@code revision/version/state/build/tls}. */
public final class Version {
    /** The Envoy whose behaviour this one follows; tools that look at a sidecar's version compare this part. */
    public static final String ENVOY = "1.40.0";

    private Version() {}

    /** {@code mishap-<version>/1.40.0/Clean/RELEASE/JDK}. */
    public static String line() {
        return "mishap-" + mishap() + "/" + ENVOY + "/Clean/RELEASE/JDK";
    }

    /** {@code server.version}: our version as a number that grows with it, 1.2.3 = 1002003; 0 in a build that has none. */
    static long number() {
        long number = 0;
        String[] parts = mishap().replaceAll("[^0-9.].*", "").split("\\.", -1);
        for (int i = 0; i < 3; i++) {
            boolean digits = i < parts.length && !parts[i].isEmpty() && parts[i].length() <= 3;
            number = number * 1000 + (digits ? Long.parseLong(parts[i]) : 0);
        }
        return number;
    }

    /** Our own version, from the jar's manifest; {@code dev} in a build that has none. */
    public static String mishap() {
        @Nullable String version = Version.class.getPackage().getImplementationVersion();
        return version == null ? "dev" : version;
    }
}
