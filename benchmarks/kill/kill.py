#!/usr/bin/env python3
"""How soon the kill switch acts: from the signal, the file or the call to the first request that is not aborted, on one connection.

    python3 benchmarks/kill/kill.py ./mishap proxy
"""
import json, os, signal, socket, subprocess, sys, tempfile, threading, time, urllib.request

KILL = os.path.join(tempfile.mkdtemp(), "kill")
cfg='''
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 28892}}}
static_resources:
  listeners:
  - name: in
    address: {socket_address: {address: 127.0.0.1, port_value: 28893}}
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          '@type': type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: i
          route_config: {virtual_hosts: [{name: v, domains: ['*'], routes: [{match: {prefix: /}, direct_response: {status: 200}}]}]}
          http_filters: [{name: envoy.filters.http.router, typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}]
'''
p=subprocess.Popen(sys.argv[1:] + ['--config-yaml', cfg, '--mishap-kill-file', KILL, '--concurrency', '1'],stderr=subprocess.DEVNULL,stdout=subprocess.DEVNULL)
def req(m,path,body=None):
    return urllib.request.urlopen(urllib.request.Request('http://127.0.0.1:28892'+path,method=m,data=body),timeout=10).read()
for _ in range(200):
    try: req('GET','/ready'); break
    except Exception: time.sleep(.05)
rule=json.dumps({"apiVersion":"mishap.dev/v1","kind":"FaultRule","metadata":{"name":"r"},"spec":{"ttl":"10m","fault":{"abort":{"httpStatus":503}}}}).encode()
try:
    req('PUT','/mishap/v1/rules/r',rule)
    s=socket.create_connection(('127.0.0.1',28893)); s.setsockopt(socket.IPPROTO_TCP,socket.TCP_NODELAY,1)
    def one():
        s.sendall(b'GET / HTTP/1.1\r\nhost: a\r\n\r\n'); d=b''
        while b'\r\n\r\n' not in d: d+=s.recv(65536)
        if b'content-length: 18' in d:
            while not d.endswith(b'abort'): d+=s.recv(65536)
        return d[9:12]
    for _ in range(3000): one()
    for how in ('signal','file','api'):
        lat=[]
        for i in range(15):
            while one()!=b'503': pass
            t=time.monotonic()
            if how=='signal': os.kill(p.pid,signal.SIGURG)
            elif how=='file': open(KILL,'w').close()
            else: threading.Thread(target=lambda:req('POST','/mishap/v1/kill',b'')).start()
            while one()!=b'200': pass
            lat.append((time.monotonic()-t)*1000)
            if how=='file': os.remove(KILL)
            else: time.sleep(.05); req('DELETE','/mishap/v1/kill')
        lat.sort(); print(how,'median %.1f ms, max %.1f ms'%(lat[len(lat)//2],lat[-1]))
finally: p.terminate()
