import type { FlowName, FlowSkip } from '../../deal/flows.js';
import type { Queryable } from '../database.js';

/** Names of files, and the texts of lines that were shipped, go; ids and figures stay. A file without its name is carried no more. */
export async function eraseFlows(tx: Queryable, recordId: string, erased: string): Promise<void> {
  const [attachments, shipments]: readonly FlowName[] = ['attachments', 'shipments'];
  const reason: FlowSkip = 'erased';
  await tx.query(
    `UPDATE flow_rows SET content = jsonb_set(content, '{values,fileName}', to_jsonb($3::text)), remark = NULL, noted_at = NULL,
       state = CASE state WHEN 'carried' THEN state ELSE 'skipped' END,
       reason = CASE state WHEN 'carried' THEN reason ELSE $4 END
     WHERE record_id = $1 AND flow = $2`,
    [recordId, attachments, erased, reason],
  );
  await tx.query(
    `UPDATE flow_rows SET content = jsonb_set(content, '{values,lines}', to_jsonb((
       SELECT coalesce(jsonb_agg(line || jsonb_build_object('description', $3::text) ORDER BY at), '[]')::text
       FROM jsonb_array_elements((content #>> '{values,lines}')::jsonb) WITH ORDINALITY AS each (line, at))))
     WHERE record_id = $1 AND flow = $2 AND content #>> '{values,lines}' IS NOT NULL`,
    [recordId, shipments, erased],
  );
}
