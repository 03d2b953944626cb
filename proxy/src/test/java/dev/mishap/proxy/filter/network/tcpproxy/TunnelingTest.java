package dev.mishap.proxy.filter.network.tcpproxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.StreamInfo;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TunnelingTest {
    @Test
    void what_a_client_says_of_itself_can_not_end_a_line() {
        Tunneling tunneling = Tunneling.from(ConfigReader.checkedYaml(TcpProxyConfig.TYPE + ".TunnelingConfig", """
                hostname: example.com:443
                headers_to_add:
                - header: {key: x-tlv, value: "%DYNAMIC_METADATA(tlvs:name)%"}
                - header: {key: x-other, value: b}
                """));
        StreamInfo info = new StreamInfo();
        info.putDynamicMetadata("tlvs", Map.of("name", "a\r\nx-evil: 1"));

        HeaderMap request = tunneling.request(info, false);

        assertThat(request.contains(HeaderName.of("x-tlv"))).isFalse();
        assertThat(request.get(HeaderName.of("x-other"))).isEqualTo("b");
        assertThat(request.get(HeaderName.AUTHORITY)).isEqualTo("example.com:443");
    }
}
