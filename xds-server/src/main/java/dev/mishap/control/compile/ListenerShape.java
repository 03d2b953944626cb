package dev.mishap.control.compile;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.mishap.control.base.NodeKind;
import dev.mishap.filters.udp.dns.v1.DnsProxy;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What of a listener matters to faults.
 *
 * @param api whether it is for a client that asks for it by its target (gRPC), and not for a socket
 * @param managers its HTTP connection managers; none = it carries no HTTP
 * @param connectionSlots its network filters that take rules about connections, by name
 * @param questionSlots the names of the extension configurations by which its DNS proxies get rules
 */
record ListenerShape(
        String name, boolean api, List<Manager> managers, List<String> connectionSlots, List<String> questionSlots) {
    private static final String DNS_PROXY = "mishap.filters.udp.dns.v1.DnsProxy";

    static final String HTTP_FAULT = "envoy.extensions.filters.http.fault.v3.HTTPFault";
    static final String HCM = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

    /** What a filter that is discovered takes. */
    enum Accepts {
        /** Envoy's HTTPFault. */
        HTTP_FAULT,
        /** Whole rules. */
        RULES
    }

    /**
     * A filter whose configuration is discovered.
     *
     * @param name of the filter and of its extension configuration
     * @param byRoutes whether it is off except for routes that switch it on
     */
    record Slot(String name, Accepts accepts, boolean byRoutes) {}

    /**
     * One connection manager.
     *
     * @param routeName the route configuration that it discovers; null = its routes stand in it, or it has scoped ones
     * @param inline its own routes, if they stand in it
     * @param slots in the order of the filters
     * @param faultFilter the name of a fault filter that stands in it as it is; null = none
     */
    record Manager(
            @Nullable String routeName,
            @Nullable RouteConfiguration inline,
            List<Slot> slots,
            @Nullable String faultFilter) {
        List<Slot> slots(Accepts accepts) {
            return slots.stream()
                    .filter(s -> s.accepts() == accepts && !s.byRoutes())
                    .toList();
        }

        /** The fault filters that act on routes which switch them on. */
        List<Slot> routeSlots() {
            return slots.stream()
                    .filter(s -> s.accepts() == Accepts.HTTP_FAULT && s.byRoutes())
                    .toList();
        }
    }

    /**
     * Reads a listener.
     *
     * @param rulesType the full name of the message that takes whole rules
     */
    static ListenerShape of(String name, ByteString body, String rulesType) {
        try {
            Listener listener = Listener.parseFrom(body);
            List<Manager> managers = new ArrayList<>();
            Set<String> slots = new LinkedHashSet<>();
            if (listener.hasApiListener()) {
                add(listener.getApiListener().getApiListener(), managers, rulesType);
                return new ListenerShape(name, true, managers, List.of(), List.of());
            }
            for (FilterChain chain : listener.getFilterChainsList()) {
                chain(chain, managers, slots, rulesType);
            }
            if (listener.hasDefaultFilterChain()) {
                chain(listener.getDefaultFilterChain(), managers, slots, rulesType);
            }
            return new ListenerShape(name, false, managers, List.copyOf(slots), questionSlots(listener));
        } catch (InvalidProtocolBufferException e) {
            // What the client will refuse has no place for a fault.
            return new ListenerShape(name, false, List.of(), List.of(), List.of());
        }
    }

    private static List<String> questionSlots(Listener listener) throws InvalidProtocolBufferException {
        List<Any> configs = new ArrayList<>();
        listener.getListenerFiltersList().forEach(filter -> configs.add(filter.getTypedConfig()));
        listener.getFilterChainsList()
                .forEach(chain -> chain.getFiltersList().forEach(filter -> configs.add(filter.getTypedConfig())));
        Set<String> slots = new LinkedHashSet<>();
        for (Any config : configs) {
            if (isOf(config.getTypeUrl(), DNS_PROXY)) {
                slots.add(DnsProxy.parseFrom(config.getValue()).getDiscovered().getName());
            }
        }
        slots.remove("");
        return List.copyOf(slots);
    }

    private static void chain(FilterChain chain, List<Manager> into, Set<String> slots, String rulesType)
            throws InvalidProtocolBufferException {
        for (Filter filter : chain.getFiltersList()) {
            if (filter.getConfigDiscovery().getTypeUrlsList().stream()
                    .anyMatch(type -> isOf(type, NodeKind.CONNECTION_RULES_MESSAGE))) {
                slots.add(filter.getName());
            }
            add(filter.getTypedConfig(), into, rulesType);
        }
    }

    private static void add(Any config, List<Manager> into, String rulesType) throws InvalidProtocolBufferException {
        if (isOf(config.getTypeUrl(), HCM)) {
            into.add(manager(HttpConnectionManager.parseFrom(config.getValue()), rulesType));
        }
    }

    private static Manager manager(HttpConnectionManager hcm, String rulesType) {
        List<Slot> slots = new ArrayList<>();
        String faultFilter = null;
        for (HttpFilter filter : hcm.getHttpFiltersList()) {
            if (filter.hasConfigDiscovery()) {
                List<String> types = filter.getConfigDiscovery().getTypeUrlsList();
                if (types.stream().anyMatch(t -> isOf(t, HTTP_FAULT))) {
                    slots.add(new Slot(filter.getName(), Accepts.HTTP_FAULT, filter.getDisabled()));
                } else if (types.stream().anyMatch(t -> isOf(t, rulesType))) {
                    slots.add(new Slot(filter.getName(), Accepts.RULES, false));
                }
            } else if (isOf(filter.getTypedConfig().getTypeUrl(), HTTP_FAULT) && !filter.getDisabled()) {
                faultFilter = filter.getName();
            }
        }
        return new Manager(
                hcm.hasRds() ? hcm.getRds().getRouteConfigName() : null,
                hcm.hasRouteConfig() ? hcm.getRouteConfig() : null,
                List.copyOf(slots),
                faultFilter);
    }

    static boolean isOf(String typeUrl, String message) {
        return typeUrl.endsWith(message)
                && (typeUrl.length() == message.length()
                        || typeUrl.charAt(typeUrl.length() - message.length() - 1) == '/');
    }
}
