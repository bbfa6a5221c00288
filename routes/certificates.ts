import * as contract from '../src/contract/certificates.ts'
import { mount } from '../src/http/mount.ts'
import type { App } from '../src/http/shell.ts'
import type { CertificateService } from '../src/services/certificates.ts'

export function certificateRoutes(app: App, certificates: CertificateService): void {
  mount(app, contract.putCertificate, ({ params, body }, { actor }) =>
    certificates.put({ ...params, actor }, body),
  )
  mount(app, contract.listCertificates, ({ params }) => certificates.list(params.tenant))
  mount(app, contract.getCertificate, ({ params }) =>
    certificates.get(params.tenant, params.certificate),
  )
  mount(app, contract.deleteCertificate, ({ params }, { actor }) =>
    certificates.delete({ ...params, actor }),
  )
}
