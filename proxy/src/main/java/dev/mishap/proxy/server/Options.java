package dev.mishap.proxy.server;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What the command line asked for. Strings that were not given are {@code ""}.
 *
 * @param configPath {@code -c}: the bootstrap file
 * @param configYaml {@code --config-yaml}: merged over the file
 * @param allowUnknownStaticFields whether static configuration may have fields that the schema does not know
 * @param rejectUnknownDynamicFields the same for dynamic configuration, where the default is the other way round
 * @param ignoreUnknownDynamicFields whether unknown dynamic fields are not even warned about
 * @param serviceNode {@code --service-node}: over {@code node.id}
 * @param serviceCluster {@code --service-cluster}: over {@code node.cluster}
 * @param serviceZone {@code --service-zone}: over {@code node.locality.zone}
 * @param concurrency workers, at least 1; default: the processors that the process may use
 * @param validateOnly {@code --mode validate}
 * @param drainTimeSeconds how long connections of a listener that goes are drained; default 600
 * @param drainImmediately {@code --drain-strategy immediate} rather than gradual
 * @param fileFlushIntervalMillis access-log buffers are written at least this often; default 10000
 * @param fileFlushMinSizeKb an access-log buffer of this size is written at once; default 64
 * @param statsTags {@code --stats-tag name:value}, put on every stat
 * @param adminAddressPath a file to write the admin server's address to
 * @param baseId {@code --base-id}; shown in /server_info
 * @param restartEpoch {@code --restart-epoch}; shown in /server_info
 * @param localAddressIpVersion {@code v4} or {@code v6}; shown in /server_info
 * @param parentShutdownTimeSeconds shown in /server_info; default 900
 * @param log what is logged, how and where
 * @param skipDeprecatedLogs whether deprecated fields are not warned about
 * @param safety what keeps faults in bounds
 */
public record Options(
        String configPath,
        String configYaml,
        boolean allowUnknownStaticFields,
        boolean rejectUnknownDynamicFields,
        boolean ignoreUnknownDynamicFields,
        String serviceNode,
        String serviceCluster,
        String serviceZone,
        int concurrency,
        boolean validateOnly,
        long drainTimeSeconds,
        boolean drainImmediately,
        long fileFlushIntervalMillis,
        long fileFlushMinSizeKb,
        Map<String, String> statsTags,
        String adminAddressPath,
        long baseId,
        long restartEpoch,
        String localAddressIpVersion,
        long parentShutdownTimeSeconds,
        LogOptions log,
        boolean skipDeprecatedLogs,
        SafetyOptions safety) {
    /** The most workers that are started, whatever was asked for. */
    public static final int MAX_CONCURRENCY = 1024;

    public Options {
        statsTags = Collections.unmodifiableMap(new LinkedHashMap<>(statsTags)); // in order: outputs keep it
    }

    /** The same options with others of safety. */
    public Options withSafety(SafetyOptions other) {
        return new Options(
                configPath,
                configYaml,
                allowUnknownStaticFields,
                rejectUnknownDynamicFields,
                ignoreUnknownDynamicFields,
                serviceNode,
                serviceCluster,
                serviceZone,
                concurrency,
                validateOnly,
                drainTimeSeconds,
                drainImmediately,
                fileFlushIntervalMillis,
                fileFlushMinSizeKb,
                statsTags,
                adminAddressPath,
                baseId,
                restartEpoch,
                localAddressIpVersion,
                parentShutdownTimeSeconds,
                log,
                skipDeprecatedLogs,
                other);
    }

    /** The flags' defaults with a bootstrap given as text. */
    public static Options of(String configYaml, int concurrency, String logLevel) {
        LogOptions log = new LogOptions(logLevel, Map.of(), LogOptions.DEFAULT_FORMAT, false, "");
        return new Options(
                "",
                configYaml,
                false,
                false,
                false,
                "",
                "",
                "",
                concurrency,
                false,
                600,
                false,
                10_000,
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

    /**
     * @param level {@code trace}, {@code debug}, {@code info} (default), {@code warning}, {@code error}, {@code critical} or {@code off}
     * @param componentLevels levels of single loggers, by Envoy's names
     * @param format spdlog pattern; default {@code [%Y-%m-%d %T.%e][%t][%l][%n] [%g:%#] %v}
     * @param escape whether C escapes are written for control characters of a message
     * @param path a file to log to, {@code ""} = stderr
     */
    public record LogOptions(
            String level, Map<String, String> componentLevels, String format, boolean escape, String path) {
        /** Envoy's default format. */
        public static final String DEFAULT_FORMAT = "[%Y-%m-%d %T.%e][%t][%l][%n] [%g:%#] %v";

        public LogOptions {
            componentLevels = Map.copyOf(componentLevels);
        }

        /** Whether a format of one's own was asked for. */
        public boolean formatGiven() {
            return !format.equals(DEFAULT_FORMAT);
        }
    }
}
