package dev.mishap.deploy;

import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** What a proxy says of the configuration that it has discovered. */
final class ConfigDump {
    private static final ObjectMapper JSON = new ObjectMapper();

    private ConfigDump() {}

    /** All that was discovered, by type and name, without the times. */
    static Map<String, String> of(ProxyProcess proxy) {
        Map<String, String> dump = new TreeMap<>();
        for (JsonNode section :
                JSON.readTree(proxy.get("/config_dump?include_eds")).get("configs")) {
            section.properties().forEach(field -> {
                if (field.getKey().startsWith("dynamic") && field.getValue().isArray()) {
                    for (JsonNode item : field.getValue()) {
                        String text = item.toString().replaceAll("\"last_updated\":\"[^\"]*\",?", "");
                        JsonNode name = item.findValue("cluster_name");
                        dump.put(field.getKey() + ' ' + (name == null ? item.findValue("name") : name), text);
                    }
                }
            });
        }
        return dump;
    }
}
