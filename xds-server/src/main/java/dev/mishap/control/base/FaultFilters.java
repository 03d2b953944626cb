package dev.mishap.control.base;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.mishap.control.xds.Resource;
import dev.mishap.control.xds.TypeUrls;
import dev.mishap.filters.http.fault.v1.HttpFault;
import dev.mishap.filters.network.fault.v1.NetworkFault;
import dev.mishap.rules.v1.DiscoveredRules;
import io.envoyproxy.envoy.config.core.v3.AggregatedConfigSource;
import io.envoyproxy.envoy.config.core.v3.ApiVersion;
import io.envoyproxy.envoy.config.core.v3.ConfigSource;
import io.envoyproxy.envoy.config.core.v3.ExtensionConfigSource;
import io.envoyproxy.envoy.config.core.v3.TypedExtensionConfig;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.route.v3.FilterConfig;
import io.envoyproxy.envoy.extensions.filters.http.fault.v3.HTTPFault;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Filters that do nothing until their configuration is discovered. */
public final class FaultFilters {
    /**
     * How many fault filters a listener of a stock Envoy has if nobody says otherwise. As many rules act on it at one time; those that share a
     * filter, since no request is in two of them, count once.
     */
    public static final int PER_LISTENER = 8;

    /** The most that a listener may have. */
    public static final int MOST_PER_LISTENER = 64;

    private static final String PREFIX = "mishap.fault/";
    private static final String RULES_PREFIX = "mishap.rules/";
    private static final String CONNECTIONS_PREFIX = "mishap.connections/";
    private static final String CLUSTERS_PREFIX = "mishap.cluster/";
    private static final String QUESTIONS_PREFIX = "mishap.dns/";

    private static final List<String> OURS =
            List.of(PREFIX, RULES_PREFIX, CONNECTIONS_PREFIX, CLUSTERS_PREFIX, QUESTIONS_PREFIX);

    private static final ConfigSource ADS = ConfigSource.newBuilder()
            .setAds(AggregatedConfigSource.getDefaultInstance())
            .setResourceApiVersion(ApiVersion.V3)
            .build();

    private FaultFilters() {}

    /** The name of a fault filter and of its extension configuration; {@code index} from 0. */
    private static String name(String listener, int index) {
        return PREFIX + listener + '/' + (index + 1);
    }

    /** The name of the filter of a listener of our own proxy that takes whole rules. */
    public static String rulesName(String listener) {
        return RULES_PREFIX + listener;
    }

    /** That filter. */
    public static HttpFilter rules(String listener) {
        return discovered(rulesName(listener), HttpFault.getDefaultInstance());
    }

    /** The name of the network filter of a listener of our own proxy that takes whole rules about its connections. */
    public static String connectionRulesName(String listener) {
        return CONNECTIONS_PREFIX + listener;
    }

    /** That filter. */
    public static Filter connectionRules(String listener) {
        return Filter.newBuilder()
                .setName(connectionRulesName(listener))
                .setConfigDiscovery(source(Any.pack(NetworkFault.getDefaultInstance())))
                .build();
    }

    /** Where our own proxy gets the rules about connections to a cluster, and about questions for it. */
    public static DiscoveredRules clusterRules(String cluster) {
        return discoveredRules(CLUSTERS_PREFIX + cluster);
    }

    /** Where our own proxy gets the rules about the questions that clients ask a listener. */
    public static DiscoveredRules questionRules(String listener) {
        return discoveredRules(QUESTIONS_PREFIX + listener);
    }

    private static DiscoveredRules discoveredRules(String name) {
        return DiscoveredRules.newBuilder().setName(name).setConfigSource(ADS).build();
    }

    /** Whether an extension configuration is one of ours by its name. */
    public static boolean isOurs(String name) {
        return OURS.stream().anyMatch(name::startsWith);
    }

    /** The names of a listener's fault filters. */
    public static List<String> names(String listener, int count) {
        return IntStream.range(0, count).mapToObj(i -> name(listener, i)).toList();
    }

    /** The names of those fault filters of a listener that act on routes which ask for them alone. */
    public static List<String> routeNames(String listener, int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> PREFIX + listener + "/routes/" + (i + 1))
                .toList();
    }

    /**
     * Fault filters that are off except for routes that switch them on, by {@link #enabled}: where a fault of routes is the filter's and so
     * has a time to live, which no configuration of routes has.
     */
    public static List<HttpFilter> ofRoutes(String listener, int count) {
        return routeNames(listener, count).stream()
                .map(name -> discovered(name, HTTPFault.getDefaultInstance()).toBuilder()
                        .setDisabled(true)
                        .build())
                .toList();
    }

    /** What a route has for a filter that is off, to have it as it is configured. */
    public static Any enabled() {
        return Any.pack(
                FilterConfig.newBuilder().setConfig(Any.getDefaultInstance()).build());
    }

    /** The fault filters of a listener. */
    public static List<HttpFilter> of(String listener, int count) {
        return names(listener, count).stream()
                .map(name -> discovered(name, HTTPFault.getDefaultInstance()))
                .toList();
    }

    /**
     * A filter whose configuration comes by the stream that its listener came by. It always has a default: without one an Envoy answers 500
     * to everything when the configuration's time to live ends.
     */
    static HttpFilter discovered(String name, com.google.protobuf.Message empty) {
        return HttpFilter.newBuilder()
                .setName(name)
                .setConfigDiscovery(source(Any.pack(empty)))
                .build();
    }

    private static ExtensionConfigSource source(Any nothing) {
        return ExtensionConfigSource.newBuilder()
                .setConfigSource(ADS)
                .setDefaultConfig(nothing)
                .setApplyDefaultConfigWithoutWarming(true)
                .addTypeUrls(nothing.getTypeUrl())
                .build();
    }

    /** An extension configuration. */
    public static Resource config(String name, com.google.protobuf.Message message) {
        return Resource.of(
                TypeUrls.EXTENSION_CONFIG,
                name,
                TypedExtensionConfig.newBuilder()
                        .setName(name)
                        .setTypedConfig(Any.pack(message))
                        .build()
                        .toByteString());
    }

    /** The configuration of a fault filter that does nothing. */
    public static Resource nothing(String name) {
        return config(name, HTTPFault.getDefaultInstance());
    }

    /** What takes an extension configuration's place when its rules are over: the same message, empty. */
    public static Resource emptied(Resource config) {
        try {
            Any typed = TypedExtensionConfig.parseFrom(config.body()).getTypedConfig();
            return Resource.of(
                    TypeUrls.EXTENSION_CONFIG,
                    config.name(),
                    TypedExtensionConfig.newBuilder()
                            .setName(config.name())
                            .setTypedConfig(Any.newBuilder().setTypeUrl(typed.getTypeUrl()))
                            .build()
                            .toByteString());
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError("it was made here", e);
        }
    }

    /** The listener with filters before the last filter, the router, of each of its connection managers. */
    public static ByteString insert(ByteString body, List<HttpFilter> faults) throws InvalidProtocolBufferException {
        Listener.Builder builder = Listener.parseFrom(body).toBuilder();
        for (FilterChain.Builder chain : builder.getFilterChainsBuilderList()) {
            insert(chain, faults);
        }
        if (builder.hasDefaultFilterChain()) {
            insert(builder.getDefaultFilterChainBuilder(), faults);
        }
        return builder.build().toByteString();
    }

    private static void insert(FilterChain.Builder chain, List<HttpFilter> faults)
            throws InvalidProtocolBufferException {
        for (Filter.Builder filter : chain.getFiltersBuilderList()) {
            Any config = filter.getTypedConfig();
            if (!config.is(HttpConnectionManager.class)) {
                continue;
            }
            HttpConnectionManager.Builder hcm = HttpConnectionManager.parseFrom(config.getValue()).toBuilder();
            List<HttpFilter> filters = new ArrayList<>(hcm.getHttpFiltersList());
            filters.addAll(Math.max(0, filters.size() - 1), faults);
            hcm.clearHttpFilters().addAllHttpFilters(filters);
            filter.setTypedConfig(
                    config.toBuilder().setValue(hcm.build().toByteString()).build());
        }
    }
}
