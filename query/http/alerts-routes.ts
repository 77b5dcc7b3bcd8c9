// What was told about groups, over HTTP.
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import type { AlertsHistory } from '../alerts/alerts.ts';
import { alert, alertsQuery } from '../alerts/schemas.ts';
import { pageOf } from '../schemas.ts';
import { given } from './given.ts';
import { problem } from './problem.ts';

export function alertsRoutes(history: AlertsHistory): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    app.get(
      '/alerts',
      {
        schema: {
          summary: 'What was told about groups and to whom, or waits to be, newest first',
          querystring: alertsQuery,
          response: { 200: pageOf(alert), '4xx': problem, '5xx': problem },
        },
      },
      (request) => history.alerts(given(request.query)),
    );
    done();
  };
}
