package dev.mishap.proxy.server;

import dev.mishap.proxy.admin.DynamicConfigs;
import dev.mishap.proxy.cluster.Cds;
import dev.mishap.proxy.filter.network.hcm.RouteTables;
import dev.mishap.proxy.listener.Lds;
import dev.mishap.proxy.listener.ListenerManager;
import dev.mishap.proxy.xds.ExtensionConfigs;
import dev.mishap.proxy.xds.InitManager;
import dev.mishap.proxy.xds.ResourceStates;
import dev.mishap.proxy.xds.ResourceStatus;
import dev.mishap.proxy.xds.ResourceType;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The discovered configuration in the form that the admin server shows. */
record DiscoveredConfigs(
        ListenerManager manager,
        @Nullable Lds lds,
        @Nullable Cds cds,
        RouteTables tables,
        ExtensionConfigs extensions,
        @Nullable SecretSubscriptions secretSubscriptions,
        InitManager init,
        ResourceStates states)
        implements DynamicConfigs {
    @Override
    public @Nullable ResourceStatus status(ResourceType type, String name) {
        return states.of(type, name);
    }

    @Override
    public List<ResourceStatus> absent(ResourceType type) {
        return states.absent(type);
    }

    @Override
    public String listenersVersion() {
        return lds == null ? "" : lds.version();
    }

    @Override
    public String clustersVersion() {
        return cds == null ? "" : cds.version();
    }

    @Override
    public List<ListenerState> listeners() {
        List<ListenerState> states = new ArrayList<>();
        for (ListenerManager.View v : manager.views()) {
            if (v.dynamic()) {
                ListenerManager.ErrorState error = v.error();
                states.add(new ListenerState(
                        v.name(),
                        state(v.active()),
                        state(v.warming()),
                        state(v.draining()),
                        error == null ? null : new Refused(error.config(), error.details(), error.attempted())));
            }
        }
        return states;
    }

    private static @Nullable Dumped state(ListenerManager.@Nullable State state) {
        return state == null ? null : new Dumped(state.config(), state.version(), state.updated());
    }

    @Override
    public List<Dumped> routes() {
        return tables.views().stream()
                .map(v -> new Dumped(v.config(), v.version(), v.updated()))
                .toList();
    }

    @Override
    public List<Scopes> scopes() {
        return tables.scopes().stream()
                .map(s -> new Scopes(s.name(), s.discovered(), s.version(), s.updated(), s.configs()))
                .toList();
    }

    @Override
    public @Nullable List<Dumped> filters() {
        return extensions.isUsed()
                ? extensions.views().stream()
                        .map(v -> new Dumped(v.config(), v.version(), v.updated()))
                        .toList()
                : null;
    }

    @Override
    public List<DynamicSecret> secrets() {
        return secretSubscriptions == null ? List.of() : secretSubscriptions.views();
    }

    @Override
    public List<Unready> unready() {
        List<Unready> all = new ArrayList<>();
        add(all, init);
        manager.warmingUp().forEach(m -> add(all, m));
        return all;
    }

    private static void add(List<Unready> all, InitManager manager) {
        List<String> names = manager.unreadyNames();
        if (!names.isEmpty()) {
            all.add(new Unready(
                    "init manager " + manager.name(),
                    names.stream().map(n -> "target " + n).toList()));
        }
    }
}
