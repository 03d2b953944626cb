package dev.mishap.proxy.cluster.discovery;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Discovery;
import dev.mishap.proxy.cluster.EndpointSource;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.xds.ConfigSources;
import java.util.List;

/**
 * EDS: the endpoints are assigned by a management server or a file.
 *
 * @param serviceName {@code service_name}, else the cluster's name: the resource that is asked for
 * @param source {@code eds_config}
 */
public record EdsDiscovery(String serviceName, ConfigNode source) implements Discovery {
    static final List<SupportedFields> FIELDS =
            List.of(SupportedFields.of("envoy.config.cluster.v3.Cluster.EdsClusterConfig")
                    .supported("eds_config", "service_name"));

    static EdsDiscovery from(ConfigNode cluster) {
        ConfigNode config = cluster.message("eds_cluster_config");
        if (config == null) {
            throw new ConfigException("cannot create an EDS cluster without an EDS config");
        }
        String service = config.string("service_name");
        return new EdsDiscovery(service.isEmpty() ? cluster.string("name") : service, config.required("eds_config"));
    }

    @Override
    public String assignmentName(String cluster) {
        return serviceName;
    }

    /** An endpoint file needs no cluster that is ready before; a server does. */
    @Override
    public boolean secondary() {
        return !source.has("path") && !source.has("path_config_source");
    }

    @Override
    public EndpointSource open(Cluster cluster) {
        ConfigSources sources = cluster.context().sources();
        if (sources == null) {
            throw new ConfigException("cluster '" + cluster.name() + "': there is no way to discover endpoints");
        }
        return new EdsSource(cluster, this, sources);
    }
}
