# What a pod of a probe does on its node. Its answers are the message with which it ends.
ok() { if timeout 6 "$@" >/dev/null 2>&1; then echo ok; else echo fail; fi; }
# The end of all names of the cluster, as the pod was given it.
domain=$(sed -n 's/^search .* svc\.\([^ ]*\).*/\1/p' /etc/resolv.conf)
domain=${domain:-cluster.local}
# With a dot at the end no search list is walked through.
dns=$(ok nslookup "kubernetes.default.svc.$domain.")
external=none
[ -n "$EXTERNAL_NAME" ] && external=$(ok nslookup "$EXTERNAL_NAME.")
api=$(ok nc -z -w 5 "$KUBERNETES_SERVICE_HOST" "$KUBERNETES_SERVICE_PORT")
service=$(ok nc -z -w 5 "$TARGET_SERVICE_HOST" 8080)
tried=0
reached=0
for ip in $TARGETS; do
  tried=$((tried + 1))
  [ "$(ok nc -z -w 3 "$ip" 8080)" = ok ] && reached=$((reached + 1))
done
echo "dns=$dns external=$external api=$api service=$service pods=$reached/$tried" >/dev/termination-log
