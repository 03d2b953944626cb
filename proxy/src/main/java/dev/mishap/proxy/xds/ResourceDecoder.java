package dev.mishap.proxy.xds;

import dev.mishap.proxy.config.schema.ConfigCheck;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.config.schema.SupportedFields;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The edge of dynamic configuration: bytes become checked trees here and nowhere else. A resource that passed has its
 * constraints met and holds no field that nobody honours.
 */
public final class ResourceDecoder {
    private static final String RESPONSE = "envoy.service.discovery.v3.DiscoveryResponse";
    private static final String WRAPPER = "envoy.service.discovery.v3.Resource";

    private final DynamicFields fields;
    private final Map<String, SupportedFields> supported;

    /** @param supported what the process honours, by message */
    public ResourceDecoder(DynamicFields fields, Map<String, SupportedFields> supported) {
        this.fields = fields;
        this.supported = supported;
    }

    /**
     * A response that was read as a whole.
     *
     * @param unknown what the schema does not have
     */
    public record Response(ConfigNode node, List<String> unknown) {
        public String version() {
            return node.string("version_info");
        }
    }

    /**
     * Reads a file.
     *
     * @throws ConfigException when it is no response
     */
    public Response file(Path path) {
        ConfigReader reader = ConfigReader.lenient();
        return new Response(reader.file(RESPONSE, path), reader.unknownFields());
    }

    /** The same from JSON, as REST sends it. */
    public Response json(String text) {
        ConfigReader reader = ConfigReader.lenient();
        return new Response(reader.json(RESPONSE, text), reader.unknownFields());
    }

    /**
     * The resources of a response.
     *
     * @throws ConfigException when one is not acceptable, which refuses all
     */
    public List<Resource> resources(Response response, ResourceType type) {
        unknown(response.unknown(), RESPONSE);
        List<Resource> resources = new ArrayList<>();
        for (ConfigNode node : response.node().messages("resources")) {
            resources.add(resource(node, type, response.version()));
        }
        return resources;
    }

    private void unknown(List<String> unknown, String message) {
        if (unknown.isEmpty()) {
            return;
        }
        if (fields.reject()) {
            throw new ConfigException("Protobuf message (type " + message + " reason INVALID_ARGUMENT: "
                    + String.join("\n", unknown) + ") has unknown fields");
        }
        fields.dropped(unknown);
    }

    private Resource resource(ConfigNode node, ResourceType type, String version) {
        ConfigNode config = node;
        String own = version;
        String name = "";
        if (node.messageName().equals(WRAPPER)) {
            config = node.required("resource");
            own = node.string("version").isEmpty() ? version : node.string("version");
            name = node.string("name");
        }
        return checked(name, own, config, type);
    }

    private Resource checked(String name, String version, ConfigNode config, ResourceType type) {
        if (!config.messageName().equals(type.message())) {
            throw new ConfigException(
                    "Unable to unpack as " + type.message() + ": [type.googleapis.com/" + config.messageName() + "]");
        }
        ConfigCheck.constraints(config);
        ConfigException refusal = null;
        try {
            ConfigCheck.support(config, supported);
        } catch (ConfigException e) {
            refusal = e;
        }
        return new Resource(name.isEmpty() ? type.nameOf(config) : name, version, config, refusal);
    }

    /**
     * Reads one resource from the wire.
     *
     * @param name that its wrapper gives it, {@code ""} = its own
     * @param bytes the value of the resource's Any
     * @throws ConfigException when it can't be read or breaks a constraint
     */
    public Resource binary(ResourceType type, String name, String version, byte[] bytes) {
        ConfigReader reader = ConfigReader.lenient();
        ConfigNode config = reader.binary(type.message(), bytes, "");
        unknown(reader.unknownFields(), type.message());
        return checked(name, version, config, type);
    }
}
