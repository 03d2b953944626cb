// A management server as go-control-plane makes them: one snapshot for every node, all types by ADS.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"os"

	cluster "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpoint "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	fault "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/fault/v3"
	router "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	hcm "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	runtime "github.com/envoyproxy/go-control-plane/envoy/service/runtime/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	"github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	"github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	"github.com/envoyproxy/go-control-plane/pkg/server/v3"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/structpb"
)

type everybody struct{}

func (everybody) ID(*core.Node) string { return "all" }

func packed(m proto.Message) *anypb.Any {
	a, err := anypb.New(m)
	if err != nil {
		panic(err)
	}
	return a
}

func ads() *core.ConfigSource {
	return &core.ConfigSource{
		ResourceApiVersion:    core.ApiVersion_V3,
		ConfigSourceSpecifier: &core.ConfigSource_Ads{Ads: &core.AggregatedConfigSource{}},
	}
}

func address(port int) *core.Address {
	return &core.Address{Address: &core.Address_SocketAddress{SocketAddress: &core.SocketAddress{
		Address:       "127.0.0.1",
		PortSpecifier: &core.SocketAddress_PortValue{PortValue: uint32(port)},
	}}}
}

func snapshot(listen, service, services int) *cache.Snapshot {
	filter := func(name string, config proto.Message) *hcm.HttpFilter {
		return &hcm.HttpFilter{Name: name, ConfigType: &hcm.HttpFilter_TypedConfig{TypedConfig: packed(config)}}
	}
	manager := &hcm.HttpConnectionManager{
		StatPrefix:     "outbound",
		RouteSpecifier: &hcm.HttpConnectionManager_Rds{Rds: &hcm.Rds{ConfigSource: ads(), RouteConfigName: "outbound"}},
		HttpFilters: []*hcm.HttpFilter{
			filter("envoy.filters.http.fault", &fault.HTTPFault{}),
			filter("envoy.filters.http.router", &router.Router{}),
		},
	}
	host := &route.VirtualHost{Name: "all", Domains: []string{"*"}}
	var clusters, endpoints []types.Resource
	for i := 0; i < services; i++ {
		name := fmt.Sprintf("service-%d", i)
		host.Routes = append(host.Routes, &route.Route{
			Name:  name,
			Match: &route.RouteMatch{PathSpecifier: &route.RouteMatch_Prefix{Prefix: "/" + name}},
			Action: &route.Route_Route{Route: &route.RouteAction{
				ClusterSpecifier: &route.RouteAction_Cluster{Cluster: name},
			}},
		})
		clusters = append(clusters, &cluster.Cluster{
			Name:                 name,
			ClusterDiscoveryType: &cluster.Cluster_Type{Type: cluster.Cluster_EDS},
			EdsClusterConfig:     &cluster.Cluster_EdsClusterConfig{EdsConfig: ads()},
		})
		endpoints = append(endpoints, &endpoint.ClusterLoadAssignment{
			ClusterName: name,
			Endpoints: []*endpoint.LocalityLbEndpoints{{LbEndpoints: []*endpoint.LbEndpoint{{
				HostIdentifier: &endpoint.LbEndpoint_Endpoint{Endpoint: &endpoint.Endpoint{Address: address(service)}},
			}}}},
		})
	}
	layer, _ := structpb.NewStruct(map[string]any{})
	made, err := cache.NewSnapshot("v42", map[resource.Type][]types.Resource{
		resource.ClusterType:  clusters,
		resource.EndpointType: endpoints,
		resource.RouteType: {&route.RouteConfiguration{
			Name: "outbound", VirtualHosts: []*route.VirtualHost{host},
		}},
		resource.ListenerType: {&listener.Listener{
			Name:    "outbound",
			Address: address(listen),
			FilterChains: []*listener.FilterChain{{Filters: []*listener.Filter{{
				Name:       "envoy.filters.network.http_connection_manager",
				ConfigType: &listener.Filter_TypedConfig{TypedConfig: packed(manager)},
			}}}},
		}},
		resource.RuntimeType: {&runtime.Runtime{Name: "mishap", Layer: layer}},
	})
	if err != nil {
		panic(err)
	}
	return made
}

func main() {
	port := flag.Int("port", 18000, "where proxies connect to")
	listen := flag.Int("listen", 10000, "where proxies listen")
	service := flag.Int("service", 8080, "where the services are")
	services := flag.Int("services", 3, "how many there are")
	flag.Parse()
	all := cache.NewSnapshotCache(true, everybody{}, nil)
	if err := all.SetSnapshot(context.Background(), "all", snapshot(*listen, *service, *services)); err != nil {
		log.Fatal(err)
	}
	socket, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		log.Fatal(err)
	}
	grpcServer := grpc.NewServer()
	discovery.RegisterAggregatedDiscoveryServiceServer(grpcServer, server.NewServer(context.Background(), all, nil))
	fmt.Println("ready")
	os.Stdout.Sync()
	log.Fatal(grpcServer.Serve(socket))
}
