package declare
import ("testing";"strings";"runtime";"time";corev1 "k8s.io/api/core/v1";metav1 "k8s.io/apimachinery/pkg/apis/meta/v1")
func TestBomb(t *testing.T){
 v:="- secretName: &a "+strings.Repeat("x",5000)+"\n  dnsNames: &b ["+strings.Repeat("*a,",100)+"]\n- dnsNames: &c ["+strings.Repeat("*b,",100)+"]\n"
 pod:=&corev1.Pod{ObjectMeta:metav1.ObjectMeta{Annotations:map[string]string{RequirementsAnnotation:v}}}
 var a,b runtime.MemStats; runtime.ReadMemStats(&a); st:=time.Now()
 _,err:=Parse(pod); runtime.ReadMemStats(&b)
 t.Log(len(v),time.Since(st),(b.TotalAlloc-a.TotalAlloc)>>20,"MiB",err)
}
