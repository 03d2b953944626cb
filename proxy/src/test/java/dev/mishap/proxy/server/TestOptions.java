package dev.mishap.proxy.server;

import java.util.Map;

/** Options of servers that tests start. */
public final class TestOptions {
    private TestOptions() {}

    /** Node {@code n} of cluster {@code c}, which drains for a second and writes its access logs every 20 ms. */
    public static Options brief(String configYaml, int concurrency, String logLevel) {
        Options.LogOptions log =
                new Options.LogOptions(logLevel, Map.of(), Options.LogOptions.DEFAULT_FORMAT, false, "");
        return new Options(
                "",
                configYaml,
                false,
                false,
                false,
                "n",
                "c",
                "",
                concurrency,
                false,
                1,
                false,
                20,
                64,
                Map.of(),
                "",
                0,
                0,
                "v4",
                900,
                log,
                false,
                SafetyOptions.DEFAULT);
    }
}
